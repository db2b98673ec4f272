import { BtdtError } from "../base/errors.ts";

/**
 * What can be wrong with a bucket: `BUCKET_UNAVAILABLE` may pass by itself (network, an overloaded server, a
 * deadline); all others need a person. No message contains anything from an answer but its error code: answers repeat
 * signatures and access keys.
 */

/** Where requests go, for messages. */
export interface Location {
  /** `s3://cache` */
  readonly bucket: string;
  /** `https://s3.example.com:9000` */
  readonly origin: string;
}

export function invalidAnswer(problem: string, cause?: unknown): BtdtError {
  return new BtdtError("BUCKET_NOT_ACCESSIBLE", `an answer of the bucket's server ${problem}`, {
    hint: "check that the endpoint speaks S3 and that no proxy answers in its place",
    ...(cause === undefined ? {} : { cause }),
  });
}

export function cancelled(): BtdtError {
  return new BtdtError("CANCELLED", "stopped before the bucket answered");
}

/** @param bucket `s3://cache` */
export function missingCredentials(bucket: string, hint: string, cause?: unknown): BtdtError {
  return new BtdtError("BUCKET_NOT_ACCESSIBLE", `no credentials for ${bucket} found`, {
    path: bucket,
    hint,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** An error answer that repeating the request does not change. `code` is empty if the answer had none. */
export function refusal(location: Location, method: string, status: number, code: string): BtdtError {
  const { bucket, origin } = location;
  const said = code === "" ? `HTTP status ${status}` : `${status} ${code}`;
  switch (code) {
    case "NoSuchBucket":
      return new BtdtError("BUCKET_NOT_ACCESSIBLE", `${bucket} does not exist at ${origin}`, {
        path: bucket,
        hint: "create it, or check its name, the endpoint and the account",
      });
    case "InvalidBucketName":
      return new BtdtError("BUCKET_NOT_ACCESSIBLE", `${origin} does not allow the bucket name in ${bucket}`, {
        path: bucket,
        hint: "check the name and the endpoint",
      });
    case "ExpiredToken":
    case "ExpiredTokenException":
    case "TokenRefreshRequired":
      return new BtdtError("BUCKET_NOT_ACCESSIBLE", `the credentials for ${bucket} have expired`, {
        path: bucket,
        hint: "renew them, for example by signing in again",
      });
    case "InvalidAccessKeyId":
    case "SignatureDoesNotMatch":
    case "InvalidToken":
    case "InvalidClientTokenId":
    case "AuthenticationRequired":
      return new BtdtError(
        "BUCKET_NOT_ACCESSIBLE",
        `${origin} rejects the credentials for ${bucket} (${said})`,
        {
          path: bucket,
          hint: "check access key, secret key, session token and endpoint; they may belong to another server",
        },
      );
    case "RequestTimeTooSkewed":
      return new BtdtError(
        "BUCKET_NOT_ACCESSIBLE",
        `the clocks of ${origin} and of this machine differ too much`,
        {
          path: bucket,
          hint: "set this machine's clock",
        },
      );
    case "NotImplemented":
      return new BtdtError(
        "BUCKET_NOT_ACCESSIBLE",
        `${origin} does not support a request that btdt needs (${method})`,
        {
          path: bucket,
          hint: "check the options for encryption and storage class, or use another server",
        },
      );
  }
  if (status === 401)
    return new BtdtError(
      "BUCKET_NOT_ACCESSIBLE",
      `${origin} rejects the credentials for ${bucket} (${said})`,
      {
        path: bucket,
        hint: "check the credentials; they may have expired",
      },
    );
  if (status === 403)
    return new BtdtError("BUCKET_NOT_ACCESSIBLE", `access to ${bucket} is denied (${method}: ${said})`, {
      path: bucket,
      hint:
        method === "GET" || method === "HEAD"
          ? "the credentials need s3:GetObject for its objects and s3:ListBucket for the bucket: without the latter, the server reports missing objects as denied"
          : `the credentials need ${method === "DELETE" ? "s3:DeleteObject" : "s3:PutObject"} for its objects`,
    });
  if (status === 407)
    return new BtdtError("BUCKET_NOT_ACCESSIBLE", "the proxy requires a user name and a password", {
      path: bucket,
      hint: "put them into HTTPS_PROXY",
    });
  if (status >= 300 && status < 400)
    return new BtdtError(
      "BUCKET_NOT_ACCESSIBLE",
      `${origin} redirects requests for ${bucket} elsewhere (${said})`,
      {
        path: bucket,
        hint: "redirects are not followed, since they would receive the credentials; set the bucket's region (AWS_REGION) or endpoint (AWS_ENDPOINT_URL_S3)",
      },
    );
  return new BtdtError(
    "BUCKET_NOT_ACCESSIBLE",
    `${origin} rejects a request for ${bucket} (${method}: ${said})`,
    {
      path: bucket,
      hint: "check the endpoint, and the options for encryption and storage class",
    },
  );
}

/** The request was repeated as often as allowed; `reason` is what happened the last time. */
export function unreachable({ bucket, origin }: Location, reason: string, cause?: unknown): BtdtError {
  return new BtdtError("BUCKET_UNAVAILABLE", `${bucket} cannot be reached at ${origin}: ${reason}`, {
    path: bucket,
    hint: "check the endpoint, the network and the variables HTTPS_PROXY and NO_PROXY; if the server is overloaded, try again later",
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The connection failed in a way that stays. */
export function untrusted({ bucket, origin }: Location, reason: string, cause: unknown): BtdtError {
  return new BtdtError("BUCKET_NOT_ACCESSIBLE", `no secure connection to ${origin}: ${reason}`, {
    path: bucket,
    hint: "if the server's certificate is signed by a private authority, name its certificate with --ca-file or AWS_CA_BUNDLE",
    cause,
  });
}
