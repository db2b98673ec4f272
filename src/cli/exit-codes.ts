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

/** The exit code of a restore or lookup. */
export function codeForOutcome(
  outcome: "hit" | "fallback" | "miss",
  { successRcOnAnyKey, missOk }: { readonly successRcOnAnyKey: boolean; readonly missOk: boolean },
): number {
  switch (outcome) {
    case "hit":
      return ExitCode.DONE;
    case "fallback":
      return successRcOnAnyKey ? ExitCode.DONE : ExitCode.FALLBACK;
    case "miss":
      return missOk ? ExitCode.DONE : ExitCode.MISS;
  }
}

export function chooseExitCode(error: BtdtError): number {
  switch (error.code) {
    case "USAGE":
      return ExitCode.USAGE;
    case "OUTPUT_CLOSED":
      return ExitCode.DONE;
    default:
      return ExitCode.ERROR;
  }
}
