import { readFileSync } from "node:fs";
import { join } from "node:path";
import { btdt, type Finished, type RunOptions } from "./executable.ts";

export interface Measured extends Finished {
  /** The peak resident memory, including mapped files. */
  readonly peakMemoryBytes: number;
}

/** Less than the runtime alone takes: a smaller peak is not in bytes. */
const LEAST_PLAUSIBLE_BYTES = 15_000_000;

/**
 * Runs btdt to its end. `report` is an unused path.
 *
 * It is started by a small separate process: the peak memory of a process counts from its start as a copy of the one
 * that starts it, and a test process can be large.
 */
export function btdtMeasured(words: readonly string[], report: string, options: RunOptions = {}): Measured {
  const through = [process.execPath, join(import.meta.dir, "measure-memory.ts"), report];
  const finished = btdt(words, { ...options, through });
  const peakMemoryBytes = Number(readFileSync(report, "utf8"));
  if (!(peakMemoryBytes > LEAST_PLAUSIBLE_BYTES)) throw new Error(`a peak of ${peakMemoryBytes} bytes`);
  return { ...finished, peakMemoryBytes };
}
