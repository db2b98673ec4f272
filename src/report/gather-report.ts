/**
 * A page about a cache: how often it was hit, what takes the space, how old it is, and what a clean would do.
 * `gatherReport` takes stock, `writePage` writes one HTML document that needs nothing else.
 */
import { display } from "../base/byte-string.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { type DayCounts, readRestoreCounts } from "../cache/restore-counts.ts";
import { NO_GRACE } from "../inventory/find-young.ts";
import { measureEntries } from "../inventory/measure-entries.ts";
import { takeStockUnlocked } from "../inventory/take-stock-unlocked.ts";
import { summarize } from "../upkeep/clean-result.ts";
import { planPacks } from "../upkeep/pack-plan.ts";
import { type CleanLimits, planClean } from "../upkeep/plan.ts";
import { createPause } from "../work/breather.ts";
import type { Runtime } from "../work/runtime.ts";
import { groupByPrefix } from "./group-by-prefix.ts";
import type { CacheReport } from "./report.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const DAY_COUNT = 30;

/**
 * Takes stock, without a lock and without changing anything.
 * @param limits of the clean that is planned
 * @throws BtdtError CACHE_NOT_ACCESSIBLE, CACHE_FORMAT_NEWER, CANCELLED; a `node:fs` error
 */
export async function gatherReport(
  cache: CacheDirectory,
  limits: Omit<CleanLimits, "nowMs">,
  runtime: Runtime,
): Promise<CacheReport> {
  const nowMs = runtime.nowMs();
  const pause = createPause(runtime.isCancelled);
  const stock = await takeStockUnlocked(cache, {
    nowMs,
    grace: NO_GRACE,
    runner: runtime.runners.pool,
    pause,
  });
  for (const warning of stock.warnings) runtime.onWarning(warning);
  const { entries, keptBytes, garbageBytes } = measureEntries(stock);
  const plan = planClean(stock, { ...limits, nowMs });
  const packPlan = planPacks(stock, plan.unneededItems, nowMs);
  return {
    cachePath: display(cache.path),
    nowMs,
    keyCount: entries.reduce((sum, { entry }) => sum + entry.keys.length, 0),
    keptBytes,
    unsharedBytes: entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    garbageBytes,
    days: lastDays(readRestoreCounts(cache), nowMs),
    prefixes: groupByPrefix(stock),
    entries: entries
      .map(({ entry, sizeBytes, freedBytes }) => {
        const { keys, lastUsedMs, pinnedKeys, condition } = entry;
        const [isPinned, isDamaged] = [pinnedKeys.length > 0, condition.kind === "damaged"];
        return { keys, sizeBytes, freedBytes, lastUsedMs, isPinned, isDamaged };
      })
      .toSorted((left, right) => right.sizeBytes - left.sizeBytes),
    clean: summarize(plan, stock.garbage, packPlan, nowMs),
  };
}

/** Also those without restores. */
function lastDays(counts: readonly DayCounts[], nowMs: number): DayCounts[] {
  const known = new Map(counts.map((count) => [count.day, count]));
  return Array.from({ length: DAY_COUNT }, (_, index) => {
    const day = new Date(nowMs - (DAY_COUNT - 1 - index) * DAY_MS).toISOString().slice(0, 10);
    return known.get(day) ?? { day, hit: 0, fallback: 0, miss: 0 };
  });
}
