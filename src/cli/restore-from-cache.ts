import type { RestoreRequest, RestoreResult } from "../restore/request.ts";
import { restoreEntry } from "../restore/restore.ts";
import type { Runtime } from "../work/runtime.ts";
import type { OpenedCache } from "./open-addressed-cache.ts";

/** Restores from a directory or a bucket. @throws BtdtError as `restoreEntry` and `ObjectStore` */
export async function restoreFromCache(
  cache: OpenedCache,
  request: Omit<RestoreRequest, "cache">,
  runtime: Runtime,
): Promise<RestoreResult> {
  switch (cache.kind) {
    case "directory":
      return await restoreEntry({ ...request, cache: cache.directory }, runtime);
    case "bucket":
      return await cache.bucket.restore(request);
  }
}
