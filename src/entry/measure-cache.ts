import type { CacheDirectory } from "../cache/cache-directory.ts";
import { readFileSystemClock } from "../cache/read-file-system-clock.ts";
import { NO_GRACE } from "../inventory/find-young.ts";
import type { Inventory } from "../inventory/inventory.ts";
import { type MeasuredCache, measureEntries } from "../inventory/measure-entries.ts";
import { takeStockUnlocked } from "../inventory/take-stock-unlocked.ts";
import { createPause } from "../work/breather.ts";
import type { Runtime } from "../work/runtime.ts";

/**
 * Measures all entries, without a lock: what is written in the meantime may be missing.
 * @param mayRecall manifests need not be read again that a clean has read; see `StockRequest`
 * @throws BtdtError CACHE_NOT_ACCESSIBLE, CACHE_FORMAT_NEWER, CANCELLED
 */
export async function measureCache(
  cache: CacheDirectory,
  runtime: Runtime,
  mayRecall: boolean,
): Promise<MeasuredCache & Pick<Inventory, "keys">> {
  const pause = createPause(runtime.isCancelled);
  // By the clock that says how old a ledger is.
  const nowMs = readFileSystemClock(cache, runtime.nowMs());
  const runner = runtime.runners.pool;
  const request = { nowMs, grace: NO_GRACE, runner, pause, forgetsNames: true, mayRecall };
  const stock = await takeStockUnlocked(cache, request);
  for (const warning of stock.warnings) runtime.onWarning(warning);
  return { ...measureEntries(stock), keys: stock.keys };
}
