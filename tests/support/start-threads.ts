import { limitThreads, ThreadCount } from "../../src/work/thread-count.ts";

/** So many threads to begin with, and memory for as many as may be needed. */
export function startThreads(count: number): ThreadCount {
  return new ThreadCount(() => limitThreads(count, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY));
}
