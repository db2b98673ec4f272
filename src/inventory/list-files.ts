import type { CacheDirectory } from "../cache/cache-directory.ts";
import { listManifestFiles, statManifestFile } from "../cache/manifest-files.ts";
import { mtimeMs } from "../fs/native/file-status.ts";
import { listObjectsInShard, listShardNames, type StoredObject } from "../objects/list-objects.ts";
import type { Doubts } from "./doubts.ts";
import type { Items } from "./items.ts";

/** Lists the objects in a shard. @throws a `node:fs` error */
export type ShardLister = (shard: string) => Promise<readonly StoredObject[]>;

/**
 * Numbers all objects and manifests. Those in a directory that cannot be listed are omitted, so they are not deleted;
 * if an entry needs them, they are looked up by name.
 */
export async function listFiles(
  cache: CacheDirectory,
  items: Items,
  doubts: Doubts,
  pause: () => Promise<void>,
  listShard: ShardLister = async (shard) => listObjectsInShard(cache.objects, shard),
): Promise<void> {
  const shards = doubts.attempt("the list of objects", () => listShardNames(cache.objects));
  for (const shard of shards ?? []) {
    const objects = await doubts.attemptLater(`objects/${shard}`, () => listShard(shard));
    for (const object of objects ?? []) items.addFile({ kind: "object", ...object });
    await pause();
  }
  const digests = doubts.attempt("the list of manifests", () => listManifestFiles(cache));
  for (const name of digests ?? []) {
    const status = doubts.attempt(`manifest ${name}`, () => statManifestFile(cache, name));
    if (status === undefined) continue;
    const { allocatedBytes } = status;
    items.addFile({ kind: "manifest", name, allocatedBytes, changedMs: mtimeMs(status) });
    await pause();
  }
}
