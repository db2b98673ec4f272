import { nodeFs } from "../node-fs.ts";

/** In nanoseconds, for the calling thread. */
export interface ThreadTimes {
  readonly nowNs: number;
  /** On a processor. */
  readonly runNs: number;
  /** Ready to run while others had the processors. */
  readonly readyNs: number;
  /** How often it got a processor: at least once after each wait. */
  readonly turnCount: number;
}

/** Local disks answer sooner on the average, networks do not. */
const SLOW_NS = 300_000;
/** Fewer waits may have other reasons, such as a journal that is full. */
const FEWEST_TURNS = 16;

/** Undefined where the kernel does not tell (other systems than Linux, no /proc). Takes about 15 µs. */
export function readThreadTimes(): ThreadTimes | undefined {
  try {
    const [runNs, readyNs, turnCount] = nodeFs()
      .readFileSync("/proc/thread-self/schedstat", "latin1")
      .split(" ")
      .map(Number);
    if (runNs === undefined || readyNs === undefined || turnCount === undefined) return undefined;
    return { nowNs: Bun.nanoseconds(), runNs, readyNs, turnCount };
  } catch {
    // Any reason will do: it is only asked in order to be faster.
    return undefined;
  }
}

/**
 * Whether work of this thread mostly waited for a slow volume: more than half of the time, and for long each time. Then
 * more threads are worth having, however many processors there are.
 */
export function hasMostlyWaited(before: ThreadTimes | undefined, after: ThreadTimes | undefined): boolean {
  if (before === undefined || after === undefined) return false;
  const turnCount = after.turnCount - before.turnCount;
  const wallNs = after.nowNs - before.nowNs;
  const waitedNs = wallNs - (after.runNs - before.runNs) - (after.readyNs - before.readyNs);
  return turnCount >= FEWEST_TURNS && waitedNs > wallNs / 2 && waitedNs > turnCount * SLOW_NS;
}
