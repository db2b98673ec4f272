import { readFileSync } from "node:fs";
import { join } from "node:path";
import { btdt, type Finished, type RunOptions } from "./executable.ts";

export interface Measured extends Finished {
  /** The most memory that was resident at a time, files that are mapped into it included. */
  readonly peakMemoryBytes: number;
}

/** Less than the runtime alone takes: a peak below it is not in bytes. */
const LEAST_PLAUSIBLE_BYTES = 15_000_000;

/**
 * Runs btdt to its end. `report` is a path that nothing has.
 *
 * A small process of its own starts it: what a process has taken at most is counted from when it was started, as
 * a copy of the one that starts it, and that of a test can be large.
 */
export function btdtMeasured(words: readonly string[], report: string, options: RunOptions = {}): Measured {
  const through = [process.execPath, join(import.meta.dir, "measure-memory.ts"), report];
  const finished = btdt(words, { ...options, through });
  const peakMemoryBytes = Number(readFileSync(report, "utf8"));
  if (!(peakMemoryBytes > LEAST_PLAUSIBLE_BYTES)) throw new Error(`a peak of ${peakMemoryBytes} bytes`);
  return { ...finished, peakMemoryBytes };
}
