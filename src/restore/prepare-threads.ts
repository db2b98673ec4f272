import type { ByteString } from "../base/byte-string.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Runner } from "../work/job.ts";
import { probeVolumes } from "../work/volume-latency.ts";
import type { Place } from "./places.ts";

/** Starting threads takes about as long as placing this many files in one thread. */
const WORTH_THREADS_FILES = 1500;

/**
 * Starts threads while the entry is read, and finds out whether the volumes of the cache and of the destinations need
 * more of them.
 */
export function prepareThreads(
  pool: Runner,
  fileCount: number,
  cacheRoot: ByteString,
  places: readonly Place[],
): void {
  const directories = places.map(({ destination }) =>
    destination.kind === "directory" ? destination.path : destination.parent,
  );
  probeVolumes(pool, [cacheRoot, ...directories]);
  if (fileCount > WORTH_THREADS_FILES) pool.start("few");
}

/** Links wait for the volume of the cache, where unpacking mostly needs processors. */
export function startLinkThreads(pool: Runner, { counts }: Manifest): void {
  if (counts.fileCount > WORTH_THREADS_FILES) pool.start("all");
}
