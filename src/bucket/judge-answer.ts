const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([408, 409, 429, 500, 502, 503, 504]);

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const TRANSIENT_CODES: ReadonlySet<string> = new Set([
  "InternalError",
  "OperationAborted",
  "RequestLimitExceeded",
  "RequestTimeout",
  "ServiceUnavailable",
  "SlowDown",
  "Throttling",
  "ThrottlingException",
]);

/** Whether the same request may succeed a moment later. */
export function isTransient(status: number, code: string): boolean {
  return TRANSIENT_STATUSES.has(status) || TRANSIENT_CODES.has(code);
}

const MISSING_CODES: ReadonlySet<string> = new Set(["NoSuchKey", "NoSuchUpload", "NotFound"]);

/**
 * Whether the object or the upload does not exist. A missing bucket has the same status but is an error, and so is a
 * 404 that does not come from an object store; only answers to HEAD never have a code.
 */
export function isMissing(method: string, status: number, code: string): boolean {
  return status === 404 && (MISSING_CODES.has(code) || (code === "" && method === "HEAD"));
}
