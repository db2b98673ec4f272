import { type EntrySource, openDirectorySource } from "../restore/entry-source.ts";
import type { RestoreRequest, RestoreResult } from "../restore/request.ts";
import { restoreEntry } from "../restore/restore.ts";
import type { Runtime } from "../work/runtime.ts";
import type { OpenedCache } from "./open-addressed-cache.ts";
import type { CachesToRead } from "./open-caches.ts";

/** Restores from directories and buckets. @throws BtdtError as `restoreEntry` and `ObjectStore` */
export async function restoreFromCaches(
  [first, ...others]: CachesToRead,
  request: RestoreRequest,
  runtime: Runtime,
): Promise<RestoreResult> {
  const open = (cache: OpenedCache): EntrySource => openSource(cache, request.keys, runtime);
  return await restoreEntry(request, [open(first), ...others.map(open)], runtime);
}

function openSource(cache: OpenedCache, keys: readonly string[], runtime: Runtime): EntrySource {
  switch (cache.kind) {
    case "directory":
      return openDirectorySource(cache.directory, runtime);
    case "bucket":
      return cache.bucket.openSource(keys);
  }
}
