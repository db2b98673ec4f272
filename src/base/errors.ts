/**
 * What can go wrong. Code branches on these; messages are for people only.
 *
 * `USAGE` ends in exit status 2, `OUTPUT_CLOSED` in 0, every other code that reaches the command line in 1.
 */
export type ErrorCode =
  | "USAGE"
  | "CACHE_MISSING"
  | "CACHE_NOT_A_DIRECTORY"
  | "CACHE_NOT_ACCESSIBLE"
  | "CACHE_FORMAT_NEWER"
  | "SOURCE_MISSING"
  | "SOURCE_UNREADABLE"
  | "SOURCE_CHANGED"
  | "SOURCE_UNSUPPORTED"
  | "SOURCE_INSIDE_CACHE"
  | "PATH_TOO_LONG"
  | "DESTINATION_PARENT_MISSING"
  | "DESTINATION_CONFLICT"
  | "DESTINATION_INSIDE_CACHE"
  | "DESTINATION_NOT_WRITABLE"
  | "CACHE_WRITE_FAILED"
  | "BUCKET_NOT_ACCESSIBLE"
  | "BUCKET_UNAVAILABLE"
  | "KEY_DAMAGED"
  | "MANIFEST_DAMAGED"
  | "PACK_DAMAGED"
  | "ENTRY_MISSING"
  | "ARCHIVE_INVALID"
  | "LOCK_FAILED"
  | "COMMAND_NOT_STARTED"
  | "NO_FILES_MATCH"
  | "RESULT_FILE_NOT_WRITABLE"
  | "SIGNING_KEY_INVALID"
  | "SIGNING_KEY_NOT_WRITTEN"
  | "VARIABLE_UNSET"
  | "SYSTEM"
  | "OUTPUT_CLOSED"
  | "CANCELLED"
  | "INTERNAL";

export interface ErrorDetails {
  /** The file or directory that the error is about, ready for display. */
  readonly path?: string;
  /** What the user can do about it. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** An expected failure: `message` is one plain sentence that already names the path. */
export class BtdtError extends Error {
  readonly code: ErrorCode;
  readonly path: string | undefined;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "BtdtError";
    this.code = code;
    this.path = details.path;
    this.hint = details.hint;
  }
}

export function isBtdtError(error: unknown, code?: ErrorCode): error is BtdtError {
  return error instanceof BtdtError && (code === undefined || error.code === code);
}
