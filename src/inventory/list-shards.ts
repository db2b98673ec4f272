import type { ByteString } from "../base/byte-string.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import type { StoredObject } from "../objects/list-objects.ts";
import { listShardInThreads } from "../objects/list-shard-job.ts";
import type { Runner } from "../work/job.ts";
import { probeVolumes } from "../work/volume-latency.ts";

/** Lists the objects in a shard. @throws BtdtError CANCELLED; a `node:fs` error */
export type ShardLister = (shard: string) => Promise<readonly StoredObject[]>;

/**
 * On a slow volume, all shards are listed at the same time, beginning now. Elsewhere, undefined: see `ShardScanner`.
 */
export function chooseShardLister(
  { root, objects }: Pick<CacheDirectory, "root" | "objects">,
  shards: readonly string[],
  runner: Runner,
): ShardLister | undefined {
  // A cache that only has packs is not worth the question.
  if (shards.length > 0) probeVolumes(runner, [root]);
  return runner.isVolumeSlow ? listAhead(objects, shards, runner) : undefined;
}

function listAhead(objects: ByteString, shards: readonly string[], runner: Runner): ShardLister {
  const listings = new Map(
    shards.map((shard) => {
      const listing = listShardInThreads(objects, shard, runner);
      // Awaited when that shard is asked for; until then, a failure must not count as unhandled.
      listing.catch(() => undefined);
      return [shard, listing];
    }),
  );
  return async (shard) => (await listings.get(shard)) ?? [];
}
