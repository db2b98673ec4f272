import type { CacheDirectory } from "../cache/cache-directory.ts";
import { isLockFree } from "../cache/cache-lock.ts";
import { errnoOf } from "../fs/errno.ts";
import { mayListStale } from "../fs/native/local-file-system.ts";
import { type StockRequest, Stocktaking } from "../inventory/take-stock.ts";
import { listPacks } from "../packs/contents/pack-directory.ts";

/**
 * Takes stock before the lock is taken, so that stores need not wait until a million objects are listed. Undefined if
 * that would not be enough, whatever happens until there is a lock: with packs, where listings may be stale, and
 * next to another clean, which may be deleting what is listed.
 * @throws BtdtError CACHE_FORMAT_NEWER, CACHE_NOT_ACCESSIBLE, CANCELLED
 */
export async function takeStockEarly(
  cache: CacheDirectory,
  request: StockRequest,
): Promise<Stocktaking | undefined> {
  if (mayListStale(cache.root) || mayHavePacks(cache) || !isLockFree(cache)) return undefined;
  const stocktaking = new Stocktaking(cache, request);
  await stocktaking.take();
  return stocktaking.isPlain ? stocktaking : undefined;
}

function mayHavePacks(cache: CacheDirectory): boolean {
  try {
    return listPacks(cache).length > 0;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return true;
  }
}
