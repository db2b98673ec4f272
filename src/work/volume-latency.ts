import type { ByteString } from "../base/byte-string.ts";
import { errnoOf } from "../fs/errno.ts";
import { describeVolume, fileSystemType } from "../fs/native/local-file-system.ts";
import type { Runner, Runners } from "./job.ts";

/** See `hasMostlyWaited`. */
const SLOW_NS = 300_000;
/** The fastest counts: others may have waited for a processor. */
const PROBES = 2;

/**
 * Finds out, before there are jobs, whether one of the volumes that they will work on is slow, so that there are many
 * threads from the beginning. No file system answers `statfs` from a cache if others change it. A local disk that is
 * busy does not get faster with more threads, which would only take memory.
 */
export function probeVolumes(runner: Runner, paths: readonly ByteString[]): void {
  for (const path of paths) {
    const expected = probe(path);
    if (expected !== "none") runner.expectWaits(expected);
  }
}

/**
 * The runners for jobs that work on one volume only. If that is a local disk, they do not wait, even if jobs on another
 * volume do.
 */
export function chooseRunners(runners: Runners, path: ByteString): Runners {
  const { inline, pool } = runners;
  const expected = probe(path);
  if (expected !== "none") pool.expectWaits(expected, true);
  return expected === "none" && pool.isVolumeSlow ? { inline, pool: pool.withoutWaits } : runners;
}

function probe(path: ByteString): "none" | "perhaps" | "surely" {
  try {
    for (let count = 0; count < PROBES; count++) {
      const startedNs = Bun.nanoseconds();
      const kind = describeVolume(fileSystemType(path));
      if (kind === "local") return "none";
      if (Bun.nanoseconds() - startedNs < SLOW_NS) return kind === "shared" ? "perhaps" : "none";
    }
    return "surely";
  } catch (error) {
    // The first job that works on it says what is wrong.
    if (errnoOf(error) === undefined) throw error;
    return "none";
  }
}
