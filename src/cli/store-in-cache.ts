import type { StoreRequest } from "../store/request.ts";
import type { CommandContext } from "./command-context.ts";
import type { OpenedCache } from "./open-addressed-cache.ts";
import { type StoredWithin, storeWithin } from "./store-within.ts";

/**
 * Stores in a directory or a bucket.
 * @param maxSizeBytes of a directory; undefined for no limit
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
    case "bucket":
      return await cache.bucket.store(request);
  }
}
