import type { StoreRequest } from "../store/request.ts";
import type { CommandContext } from "./command-context.ts";
import { type CleanWithin, keepBelow } from "./keep-below.ts";
import type { OpenedCache } from "./open-addressed-cache.ts";
import { type StoredWithin, storeWithin } from "./store-within.ts";

/**
 * Stores in a directory or a bucket.
 * @param maxSizeBytes undefined for no limit
 * @throws BtdtError as `storeWithin` and `ObjectStore`
 */
export async function storeInCache(
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
