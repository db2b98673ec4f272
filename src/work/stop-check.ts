import { BtdtError } from "../base/errors.ts";
import type { RunContext } from "./job.ts";

/**
 * For a job that others can continue, to be called between two steps: true once it should return what it has done so
 * far.
 * @param message why a cancelled job fails: what it has done so far would pass for all of it
 * @throws BtdtError CANCELLED
 */
export function createStopCheck(context: RunContext, message: string): () => boolean {
  return () => {
    if (context.isCancelled()) throw new BtdtError("CANCELLED", message);
    return context.isOverdue();
  };
}
