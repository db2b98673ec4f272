import { BtdtError } from "../base/errors.ts";

/**
 * What can be wrong with a bucket: `BUCKET_UNAVAILABLE` may pass on its own (network, an overloaded server, a
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
