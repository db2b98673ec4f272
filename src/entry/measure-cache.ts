import type { CacheDirectory } from "../cache/cache-directory.ts";
import { NO_GRACE } from "../inventory/find-young.ts";
import type { Inventory } from "../inventory/inventory.ts";
import { type MeasuredCache, measureEntries } from "../inventory/measure-entries.ts";
import { takeStock } from "../inventory/take-stock.ts";
import { createPause } from "../work/breather.ts";
import type { Runtime } from "../work/runtime.ts";

/**
 * Measures all entries, without a lock: what is written in the meantime may be missing.
 * @throws BtdtError CACHE_NOT_ACCESSIBLE, CACHE_FORMAT_NEWER, CANCELLED
 */
export async function measureCache(
  cache: CacheDirectory,
  runtime: Runtime,
): Promise<MeasuredCache & Pick<Inventory, "keys">> {
  const pause = createPause(runtime.isCancelled);
  const request = { nowMs: runtime.nowMs(), grace: NO_GRACE, runner: runtime.runners.pool, pause };
  const stock = await takeStock(cache, request);
  for (const warning of stock.warnings) runtime.onWarning(warning);
  return { ...measureEntries(stock), keys: stock.keys };
}
