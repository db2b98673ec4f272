import { availableParallelism } from "node:os";
import { describeTimes, type Measurement } from "./measure.ts";
import { say } from "./report.ts";

const BLOCK_BYTES = 4 * 2 ** 20;
const SECONDS = 1;

/**
 * How long OpenSSL, on all processors, takes to hash (SHA-256) so many bytes that are in memory: no start, no file.
 * Undefined, and a note, if it is not installed.
 */
export function measureOpenssl(totalBytes: number, rounds: number): Measurement | undefined {
  if (Bun.which("openssl") === null) {
    say("\nleft out: the limit of hashing, which needs openssl");
    return undefined;
  }
  const processCount = availableParallelism();
  const timesMs = Array.from({ length: rounds }, () => (totalBytes / measureRate(processCount)) * 1000);
  return {
    name: `OpenSSL in memory, ${processCount} processes`,
    ...describeTimes(timesMs),
    cpuMs: (totalBytes / measureRate(1)) * 1000,
    peakMemoryBytes: 0,
  };
}

/** Of all processes together, in bytes per second; of a single one, per second of processor time. */
function measureRate(processCount: number): number {
  const words = ["speed", "-evp", "sha256", "-bytes", String(BLOCK_BYTES), "-seconds", String(SECONDS)];
  const split = processCount === 1 ? [] : ["-multi", String(processCount)];
  const run = Bun.spawnSync(["openssl", ...words, ...split], { stderr: "ignore" });
  // The last line: `sha256   3500000.00k`, in thousands of bytes.
  const [, thousands] = /^sha256\s+([\d.]+)k\s*$/im.exec(run.stdout.toString()) ?? [];
  if (thousands === undefined) throw new Error("openssl speed prints something else than expected");
  return Number(thousands) * 1000;
}
