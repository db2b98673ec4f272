import { AwsV4Signer } from "aws4fetch";
import type { Authorizer } from "./authorizer.ts";
import type { CredentialSource } from "./renewing-source.ts";

/** AWS credentials as they are used for signing. */
export interface SigningKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Signs with AWS Signature Version 4: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html */
export function createSigner(keys: CredentialSource<SigningKeys>): Authorizer {
  /** The signer keeps derived keys here, by day and region. */
  const cache = new Map<string, ArrayBuffer>();
  return {
    async authorize({ method, url, headers, body }, { region, timeMs }) {
      const signer = new AwsV4Signer({
        ...(await keys.current()),
        method,
        url: url.href,
        headers: { ...headers, "x-amz-content-sha256": digestInHex(body) },
        service: "s3",
        region,
        cache,
        datetime: new Date(timeMs).toISOString().replace(/[:-]|\.\d{3}/g, ""),
      });
      const signed = await signer.sign();
      return Object.fromEntries(signed.headers);
    },
    renew: () => keys.renew(),
  };
}

function digestInHex(body: Uint8Array | undefined): string {
  return new Bun.CryptoHasher("sha256").update(body ?? "").digest("hex");
}
