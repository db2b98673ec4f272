import type { Pause } from "../base/pause.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { listManifestFiles, statManifestFile } from "../cache/manifest-files.ts";
import { mtimeMs } from "../fs/native/file-status.ts";
import { listObjectsInShard, listShardNames } from "../objects/list-objects.ts";
import type { Runner } from "../work/job.ts";
import type { Doubts } from "./doubts.ts";
import type { Items } from "./items.ts";
import { chooseShardLister, type ShardLister } from "./list-shards.ts";
import { ShardScanner } from "./shard-scanner.ts";
import type { StoredManifest } from "./stored-file.ts";

export interface FileListing {
  /** Lists shards if the volume is slow, or if there are many objects. */
  readonly runner: Runner;
  /** Called every few milliseconds; yields to signals. @throws BtdtError CANCELLED after a signal */
  readonly pause: Pause;
  /** Lists the objects in a shard; undefined to choose a way. */
  readonly listShard?: ShardLister | undefined;
}

const MOST_GROWTH = 8;

/**
 * Numbers all objects and manifests. Those in a directory that cannot be listed are omitted, so they are not deleted;
 * if an entry needs them, they are looked up by name.
 */
export async function listFiles(
  cache: CacheDirectory,
  items: Items,
  doubts: Doubts,
  { runner, pause, listShard }: FileListing,
): Promise<void> {
  const shards = doubts.attempt("the list of objects", () => listShardNames(cache.objects)) ?? [];
  const list = listShard ?? chooseShardLister(cache, shards, runner);
  // The names of what is deleted are listed again, which takes long on a slow volume.
  if (list !== undefined) items.keepNames();
  const scanner = new ShardScanner(cache.objects, shards, runner);
  for (const [index, shard] of shards.entries()) {
    await doubts.attemptAsync(`objects/${shard}`, () => addShard(cache, shard, items, list ?? scanner));
    const fileCount = items.count - items.firstFile;
    // Digests are spread evenly. Made-up names need not be: they get no more room than this limit.
    const expectedCount = Math.ceil((fileCount / (index + 1)) * shards.length * 1.02);
    items.expectFiles(Math.min(expectedCount, MOST_GROWTH * fileCount));
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

/** @throws BtdtError CANCELLED; a `node:fs` error */
async function addShard(
  { objects }: CacheDirectory,
  shard: string,
  items: Items,
  list: ShardLister | ShardScanner,
): Promise<void> {
  const isScanner = list instanceof ShardScanner;
  if (isScanner && (await list.scan(shard, (object) => items.addScanned(object)))) return;
  const listed = isScanner ? listObjectsInShard(objects, shard) : await list(shard);
  for (const object of listed) items.addFile({ kind: "object", ...object });
}

/** Undefined if it is missing. @throws a `node:fs` error */
export function findManifest(cache: CacheDirectory, digest: string): StoredManifest | undefined {
  const status = statManifestFile(cache, digest);
  if (status === undefined) return undefined;
  const { sizeBytes, allocatedBytes } = status;
  return { kind: "manifest", name: digest, sizeBytes, allocatedBytes, changedMs: mtimeMs(status) };
}
