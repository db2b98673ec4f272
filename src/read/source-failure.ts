import type { ByteString } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { formatNumber } from "../base/format-number.ts";

/** A part of a source that could not be read: it changes or vanishes just now, or the system does not let us. */
export interface SourceFailure {
  /** Relative to the root. */
  readonly path: ByteString;
  readonly code: FailureCode;
  /** A sentence that names the path. */
  readonly message: string;
}

export type FailureCode = "SOURCE_CHANGED" | "SOURCE_UNREADABLE";

/** The failure that an error is about; undefined if it says nothing about a single file. */
export function failureOf(error: unknown, path: ByteString): SourceFailure | undefined {
  if (!(error instanceof BtdtError)) return undefined;
  const { code, message } = error;
  switch (code) {
    case "SOURCE_CHANGED":
    case "SOURCE_UNREADABLE":
      return { path, code, message };
    // The system would not take it either.
    case "PATH_TOO_LONG":
      return { path, code: "SOURCE_UNREADABLE", message };
    default:
      return undefined;
  }
}

/** All that could not be read of one source, so that a store can do without. Its code is that of the first. */
export class SourceError extends BtdtError {
  readonly failures: readonly SourceFailure[];

  constructor(first: SourceFailure, failures: readonly SourceFailure[]) {
    const others = failures.length - 1;
    const rest = others === 0 ? "" : `; ${formatNumber(others)} more could not be read either`;
    const hint = first.code === "SOURCE_CHANGED" ? { hint: "wait until nothing writes to it" } : {};
    super(first.code, first.message + rest, hint);
    this.failures = failures;
  }
}

/** @throws SourceError if there are any failures */
export function throwFailures(failures: readonly SourceFailure[]): void {
  const [first] = failures;
  if (first !== undefined) throw new SourceError(first, failures);
}
