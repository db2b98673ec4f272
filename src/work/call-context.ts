import type { JobContext, RunContext } from "./job.ts";

/** Longer than a job takes on a local disk. */
const LONGEST_RUN_MS = 100;

/** For one job, from now on. @param mayTakeLong see `RunContext` */
export function createCallContext(context: JobContext, mayTakeLong: boolean): RunContext {
  const endNs = Bun.nanoseconds() + LONGEST_RUN_MS * 1e6;
  return {
    isCancelled: () => context.isCancelled(),
    isOverdue: () => Bun.nanoseconds() > endNs,
    mayTakeLong,
  };
}
