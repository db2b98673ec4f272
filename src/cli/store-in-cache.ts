import type { CacheDirectory } from "../cache/cache-directory.ts";
import type { StoreRequest } from "../store/request.ts";
import { withoutRepetitions } from "../work/without-repetitions.ts";
import type { CommandContext } from "./command-context.ts";
import { type CleanWithin, keepBelow } from "./keep-below.ts";
import type { OpenedCache } from "./open-addressed-cache.ts";
import { type StoredWithin, storeWithin } from "./store-within.ts";

/**
 * Stores in a directory or a bucket.
 * @param near in front of it: it is stored there first
 * @param maxSizeBytes undefined for no limit; nothing is evicted from the local cache
 * @throws BtdtError as `storeWithin` and `ObjectStore`
 */
export async function storeInCache(
  cache: OpenedCache,
  near: CacheDirectory | undefined,
  request: Omit<StoreRequest, "cache">,
  maxSizeBytes: number | undefined,
  context: CommandContext,
): Promise<StoredWithin> {
  if (near === undefined) return await storeFar(cache, request, maxSizeBytes, context);
  const { noteOrigin, storeNearby } = await import("../near/store-nearby.ts");
  // The source is read twice.
  const runtime = withoutRepetitions(context.runtime);
  const kept = await storeNearby(near, request, runtime);
  const stored = await storeFar(cache, request, maxSizeBytes, { ...context, runtime });
  if (kept !== undefined) await noteOrigin(near, request.keys, kept, stored.trees, runtime);
  return stored;
}

async function storeFar(
  cache: OpenedCache,
  request: Omit<StoreRequest, "cache">,
  maxSizeBytes: number | undefined,
  context: CommandContext,
): Promise<StoredWithin> {
  switch (cache.kind) {
    case "directory":
      return await storeWithin({ ...request, cache: cache.directory }, maxSizeBytes, context);
    case "bucket": {
      const stored = await cache.bucket.store(request);
      if (maxSizeBytes === undefined) return stored;
      const clean: CleanWithin = (limits) =>
        cache.bucket.clean({ ...limits, maxAgeMs: undefined, dryRun: false });
      return { ...stored, evicted: await keepBelow(maxSizeBytes, request.keys, clean, context) };
    }
  }
}
