import { display } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";
import { type MeasuredCache, measureEntries } from "../inventory/measure-entries.ts";
import { collectContents } from "../inventory/take-stock.ts";
import { entryIdOf } from "../key/key-file.ts";
import { listKeys, type StoredKey } from "./list-keys.ts";

export interface ListedKey extends StoredKey {
  readonly sizeBytes: number;
  /** What deleting it would free, together with the other keys of the same contents. */
  readonly freedBytes: number;
  /** Why it cannot be restored any more. */
  readonly damage?: string;
}

/** The keys that begin with a prefix, the one used last first. @throws BtdtError CACHE_NOT_ACCESSIBLE, CACHE_FORMAT_NEWER */
export function listEntries(cache: CacheDirectory, prefix: string, nowMs: number): ListedKey[] {
  const measured = new Map(measureCache(cache, nowMs).entries.map((measure) => [measure.entry.id, measure]));
  const listed: ListedKey[] = [];
  for (const key of listKeys(cache)) {
    const measure = measured.get(entryIdOf(key));
    // One that was stored or deleted meanwhile is left to the next list.
    if (measure === undefined || !key.key.startsWith(prefix)) continue;
    const { sizeBytes, freedBytes, entry } = measure;
    const damage = entry.damage === undefined ? {} : { damage: entry.damage };
    // Contents of packs take fractions of their blocks.
    listed.push({ ...key, sizeBytes: Math.round(sizeBytes), freedBytes: Math.round(freedBytes), ...damage });
  }
  return listed.toSorted((left, right) => right.lastUsedMs - left.lastUsedMs);
}

/** Takes stock without any lock, so that what is written meanwhile may be missing. @throws BtdtError CACHE_NOT_ACCESSIBLE */
export function measureCache(cache: CacheDirectory, nowMs: number): MeasuredCache {
  try {
    return measureEntries(collectContents(cache, nowMs, 0));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    throw new BtdtError(
      "CACHE_NOT_ACCESSIBLE",
      `cannot read the cache ${display(cache.path)}: ${reasonOf(error)}`,
      {
        path: display(cache.path),
        cause: error,
      },
    );
  }
}
