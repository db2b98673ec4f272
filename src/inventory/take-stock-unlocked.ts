import type { CacheDirectory } from "../cache/cache-directory.ts";
import type { Inventory } from "./inventory.ts";
import { rereadKeys } from "./reread-keys.ts";
import { type StockRequest, takeStock } from "./take-stock.ts";

/** A clean may evict one entry after another meanwhile. */
const MOST_ATTEMPTS = 5;

/**
 * Takes stock alongside cleans and stores. What an entry needs may vanish after its key was read, because the entry was
 * evicted or replaced. That is no damage: stock is taken again.
 * @throws BtdtError CACHE_FORMAT_NEWER, CACHE_NOT_ACCESSIBLE, CANCELLED
 */
export async function takeStockUnlocked(cache: CacheDirectory, request: StockRequest): Promise<Inventory> {
  for (let attempt = 1; ; attempt++) {
    const stock = await takeStock(cache, request);
    if (attempt === MOST_ATTEMPTS || isDamageCertain(cache, stock)) return stock;
  }
}

/** Whether each damaged entry has a key that was there all the time, and none that was stored in the meantime. */
function isDamageCertain(cache: CacheDirectory, { entries, keys }: Inventory): boolean {
  const damaged = entries.filter(({ condition }) => condition.kind === "damaged");
  if (damaged.length === 0) return true;
  const recordOf = new Map(keys.map((record) => [record.key, record]));
  return damaged.every((entry) => {
    const { trees, isReplaced } = rereadKeys(cache, entry, recordOf);
    return trees !== undefined && !isReplaced;
  });
}
