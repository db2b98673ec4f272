import type { CacheDirectory } from "../cache/cache-directory.ts";
import { type EntrySource, openDirectorySource } from "../restore/entry-source.ts";
import type { RestoreRequest, RestoreResult } from "../restore/request.ts";
import { restoreEntry } from "../restore/restore.ts";
import type { Runtime } from "../work/runtime.ts";
import type { OpenedCache } from "./open-addressed-cache.ts";
import type { CachesToRead } from "./open-caches.ts";

/**
 * Restores from directories and buckets.
 * @param near in front of the first cache
 * @throws BtdtError as `restoreEntry` and `ObjectStore`
 */
export async function restoreFromCaches(
  [first, ...others]: CachesToRead,
  near: CacheDirectory | undefined,
  request: RestoreRequest,
  runtime: Runtime,
): Promise<RestoreResult> {
  const open = (cache: OpenedCache): EntrySource => openSource(cache, request.keys, runtime);
  if (near === undefined) return await restoreEntry(request, [open(first), ...others.map(open)], runtime);
  const { NearSource } = await import("../near/near-source.ts");
  const source = new NearSource(near, open(first), request.globs, runtime);
  const restored = await restoreEntry(request, [source, source.openDirect(), ...others.map(open)], runtime);
  // Nobody knows whether the far cache has it: that is not a miss.
  if (restored.outcome === "miss" && source.outage !== undefined) throw source.outage;
  return restored;
}

function openSource(cache: OpenedCache, keys: readonly string[], runtime: Runtime): EntrySource {
  switch (cache.kind) {
    case "directory":
      return openDirectorySource(cache.directory, runtime);
    case "bucket":
      return cache.bucket.openSource(keys);
  }
}
