import { BtdtError } from "../base/errors.ts";
import type { RunContext } from "./job.ts";

/**
 * For a job that others can continue, to be called between two steps: true once it should return what it has done so
 * far.
 *
 * It is given whether other threads could divide what is left: if not, a thread for which nobody waits goes on.
 * @param message why a cancelled job fails: what it has done so far would pass for all of it
 * @throws BtdtError CANCELLED
 */
export function createStopCheck(context: RunContext, message: string): (isDivisible?: boolean) => boolean {
  return (isDivisible = true) => {
    if (context.isCancelled()) throw new BtdtError("CANCELLED", message);
    return (isDivisible || !context.mayTakeLong) && context.isOverdue();
  };
}
