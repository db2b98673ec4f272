import type { BtdtError } from "../base/errors.ts";

/** The contract with scripts: `$?`, and Tekton's `onError: continue`. */
export const ExitCode = {
  /** Done; for a restore: the primary key. */
  DONE: 0,
  ERROR: 1,
  USAGE: 2,
  /** Restored from a key other than the first. */
  FALLBACK: 3,
  MISS: 4,
} as const;

export function exitCodeOf(error: BtdtError): number {
  return error.code === "USAGE" ? ExitCode.USAGE : ExitCode.ERROR;
}
