import { BtdtError } from "../base/errors.ts";
import type { Location } from "./bucket-errors.ts";

interface ErrorAnswer extends Location {
  readonly method: string;
  /** Its status, and its error code if it has one. */
  readonly said: string;
}

interface Explanation {
  readonly problem: string;
  readonly hint: string;
}

type Explain = (answer: ErrorAnswer) => Explanation;

const expired: Explain = ({ bucket }) => ({
  problem: `the credentials for ${bucket} have expired`,
  hint: "renew them, for example by signing in again",
});

const rejectedKeys: Explain = ({ bucket, origin, said }) => ({
  problem: `${origin} rejects the credentials for ${bucket} (${said})`,
  hint: "check access key, secret key, session token and endpoint; they may belong to another server",
});

const BY_CODE: ReadonlyMap<string, Explain> = new Map<string, Explain>([
  [
    "NoSuchBucket",
    ({ bucket, origin }) => ({
      problem: `${bucket} does not exist at ${origin}`,
      hint: "create it, or check its name, the endpoint and the account",
    }),
  ],
  [
    "InvalidBucketName",
    ({ bucket, origin }) => ({
      problem: `${origin} does not allow the bucket name in ${bucket}`,
      hint: "check the name and the endpoint",
    }),
  ],
  ["ExpiredToken", expired],
  ["ExpiredTokenException", expired],
  ["TokenRefreshRequired", expired],
  ["InvalidAccessKeyId", rejectedKeys],
  ["SignatureDoesNotMatch", rejectedKeys],
  ["InvalidToken", rejectedKeys],
  ["InvalidClientTokenId", rejectedKeys],
  ["AuthenticationRequired", rejectedKeys],
  [
    "RequestTimeTooSkewed",
    ({ origin }) => ({
      problem: `the clocks of ${origin} and of this machine differ too much`,
      hint: "set this machine's clock",
    }),
  ],
  [
    "NotImplemented",
    ({ origin, method }) => ({
      problem: `${origin} does not support a request that btdt needs (${method})`,
      hint: "check the options for encryption and storage class, or use another server",
    }),
  ],
]);

const BY_STATUS: ReadonlyMap<number, Explain> = new Map<number, Explain>([
  [
    401,
    ({ bucket, origin, said }) => ({
      problem: `${origin} rejects the credentials for ${bucket} (${said})`,
      hint: "check the credentials; they may have expired",
    }),
  ],
  [
    403,
    ({ bucket, method, said }) => ({
      problem: `access to ${bucket} is denied (${method}: ${said})`,
      hint: hintOfRights(method),
    }),
  ],
  [
    407,
    () => ({
      problem: "the proxy requires a user name and a password",
      hint: "put them into HTTPS_PROXY",
    }),
  ],
]);

function hintOfRights(method: string): string {
  switch (method) {
    case "GET":
    case "HEAD":
      return "the credentials need s3:GetObject for its objects and s3:ListBucket for the bucket: without the latter, the server reports missing objects as denied";
    case "DELETE":
      return "the credentials need s3:DeleteObject for its objects";
    default:
      return "the credentials need s3:PutObject for its objects";
  }
}

const redirected: Explain = ({ bucket, origin, said }) => ({
  problem: `${origin} redirects requests for ${bucket} elsewhere (${said})`,
  hint: "redirects are not followed, since they would receive the credentials; set the bucket's region (AWS_REGION) or endpoint (AWS_ENDPOINT_URL_S3)",
});

const other: Explain = ({ bucket, origin, method, said }) => ({
  problem: `${origin} rejects a request for ${bucket} (${method}: ${said})`,
  hint: "check the endpoint, and the options for encryption and storage class",
});

/** An error answer that repeating the request does not change. `code` is empty if the answer had none. */
export function refusal(location: Location, method: string, status: number, code: string): BtdtError {
  const isRedirect = status >= 300 && status < 400;
  const explain = BY_CODE.get(code) ?? BY_STATUS.get(status) ?? (isRedirect ? redirected : other);
  const said = code === "" ? `HTTP status ${status}` : `${status} ${code}`;
  const { problem, hint } = explain({ ...location, method, said });
  return new BtdtError("BUCKET_NOT_ACCESSIBLE", problem, { path: location.bucket, hint });
}
