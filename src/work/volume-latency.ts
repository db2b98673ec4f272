import { statfsSync } from "node:fs";
import { type ByteString, fsPath } from "../base/byte-string.ts";
import { errnoOf } from "../fs/errno.ts";
import type { Runner } from "./job.ts";

/** See `hasMostlyWaited`. */
const SLOW_NS = 300_000;
/** The fastest counts: others may have waited for a processor. */
const PROBES = 2;

/**
 * Finds out, before there are jobs, whether one of the volumes that they will work on is slow, so that there are many
 * threads from the beginning. No file system answers `statfs` from a cache if others change it.
 */
export function probeVolumes(runner: Runner, paths: readonly ByteString[]): void {
  if (paths.some((path) => isSlow(path))) runner.expectWaits();
}

function isSlow(path: ByteString): boolean {
  try {
    for (let probe = 0; probe < PROBES; probe++) {
      const startedNs = Bun.nanoseconds();
      statfsSync(fsPath(path));
      if (Bun.nanoseconds() - startedNs < SLOW_NS) return false;
    }
    return true;
  } catch (error) {
    // Whoever works on it will say what is wrong.
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}
