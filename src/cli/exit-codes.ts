import type { BtdtError } from "../base/errors.ts";

/** The contract with scripts, and with Tekton's `onError: continue`. */
export const ExitCode = {
  /** Done; a restore restored the primary key. */
  DONE: 0,
  ERROR: 1,
  USAGE: 2,
  /** A restore restored a fallback key. */
  FALLBACK: 3,
  MISS: 4,
} as const;

export function chooseExitCode(error: BtdtError): number {
  return error.code === "USAGE" ? ExitCode.USAGE : ExitCode.ERROR;
}
