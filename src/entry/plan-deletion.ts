import type { CacheDirectory } from "../cache/cache-directory.ts";
import { lastUseOfKeyFile } from "../cache/key-files.ts";
import { NO_GRACE } from "../inventory/find-young.ts";
import { takeStockUnlocked } from "../inventory/take-stock-unlocked.ts";
import { keyFileName } from "../key/key-file-name.ts";
import { createPause } from "../work/breather.ts";
import type { Runtime } from "../work/runtime.ts";
import { chooseDeletion, type DeletionPlan, type DeletionScope } from "./choose-deletion.ts";

/**
 * Finds the keys to delete, and what that frees. Nothing is changed.
 * @throws BtdtError CACHE_NOT_ACCESSIBLE, CACHE_FORMAT_NEWER, CANCELLED; a `node:fs` error
 */
export async function planDeletion(
  cache: CacheDirectory,
  scope: DeletionScope,
  runtime: Runtime,
): Promise<DeletionPlan> {
  const pause = createPause(runtime.isCancelled);
  const request = { nowMs: runtime.nowMs(), grace: NO_GRACE, runner: runtime.runners.pool, pause };
  const stock = await takeStockUnlocked(cache, request);
  for (const warning of stock.warnings) runtime.onWarning(warning);
  return chooseDeletion(stock, scope, (key) => lastUseOfKeyFile(cache, keyFileName(key)) !== undefined);
}
