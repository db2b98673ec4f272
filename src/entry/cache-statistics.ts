import { display } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { readLastCleanMs } from "../cache/last-clean.ts";
import { type DayCounts, readRestoreCounts } from "../cache/restore-counts.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";
import type { Runtime } from "../work/runtime.ts";
import { measureCache } from "./measure-cache.ts";

export interface CacheStatistics {
  readonly keyCount: number;
  /** Keys with the same contents are one entry. */
  readonly entryCount: number;
  /** The disk space that entries take. */
  readonly keptBytes: number;
  /** The additional space they would take without sharing. */
  readonly savedBytes: number;
  /** What the next clean frees regardless of limits. */
  readonly garbageBytes: number;
  /** Entries that cannot be restored, as far as can be told without reading their contents. */
  readonly damagedCount: number;
  /** By the file system's clock; undefined if none has ended yet. */
  readonly lastCleanMs: number | undefined;
  /** When the entry was last used that a clean would evict first; undefined if there is none. */
  readonly oldestUseMs: number | undefined;
  /** Restores on each day that had any, latest first. */
  readonly restores: readonly DayCounts[];
}

/** @throws BtdtError CACHE_NOT_ACCESSIBLE, CACHE_FORMAT_NEWER */
export async function measureStatistics(cache: CacheDirectory, runtime: Runtime): Promise<CacheStatistics> {
  const { entries, keptBytes, garbageBytes } = await measureCache(cache, runtime, true);
  // Otherwise, each key of an entry would count as a separate entry.
  const unsharedBytes = entries.reduce((sum, { entry, sizeBytes }) => sum + sizeBytes * entry.keys.length, 0);
  return {
    keyCount: entries.reduce((sum, { entry }) => sum + entry.keys.length, 0),
    entryCount: entries.length,
    keptBytes,
    savedBytes: Math.max(0, unsharedBytes - keptBytes),
    garbageBytes,
    damagedCount: entries.filter(({ entry }) => entry.condition.kind === "damaged").length,
    lastCleanMs: readLastCleanMs(cache),
    oldestUseMs: entries.reduce<number | undefined>(
      (oldest, { entry }) => Math.min(oldest ?? entry.lastUsedMs, entry.lastUsedMs),
      undefined,
    ),
    restores: restoreCounts(cache),
  };
}

function restoreCounts(cache: CacheDirectory): DayCounts[] {
  try {
    return readRestoreCounts(cache);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    throw new BtdtError(
      "CACHE_NOT_ACCESSIBLE",
      `cannot read the counts of ${display(cache.path)}: ${reasonOf(error)}`,
      {
        path: display(cache.path),
        cause: error,
      },
    );
  }
}
