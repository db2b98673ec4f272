import type { Pause } from "../base/pause.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { listManifestFiles, statManifestFile } from "../cache/manifest-files.ts";
import { mtimeMs } from "../fs/native/file-status.ts";
import { listObjectsInShard, listShardNames, type StoredObject } from "../objects/list-objects.ts";
import type { Doubts } from "./doubts.ts";
import type { Items, StoredManifest } from "./items.ts";

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
  pause: Pause,
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
    const manifest = doubts.attempt(`manifest ${name}`, () => findManifest(cache, name));
    if (manifest === undefined) continue;
    items.addFile(manifest);
    await pause();
  }
}

/** Undefined if it is missing. @throws a `node:fs` error */
export function findManifest(cache: CacheDirectory, digest: string): StoredManifest | undefined {
  const status = statManifestFile(cache, digest);
  if (status === undefined) return undefined;
  const { allocatedBytes } = status;
  return { kind: "manifest", name: digest, allocatedBytes, changedMs: mtimeMs(status) };
}
