import type { ObjectStore } from "../bucket/object-store.ts";
import type { CacheStatistics } from "../entry/cache-statistics.ts";
import type { ListedKey } from "../entry/list-entries.ts";
import { measureEntries } from "../inventory/measure-entries.ts";
import { numberPacks } from "./bucket-inventory.ts";
import { checkFormat } from "./check-format.ts";
import { decideFate } from "./protocol.ts";
import { takeBucketStock } from "./take-bucket-stock.ts";

/**
 * All keys, in no particular order. Sizes are those of packs, which entries share.
 * @throws BtdtError CACHE_FORMAT_NEWER, and those of `ObjectStore`
 */
export async function listBucket(store: ObjectStore): Promise<ListedKey[]> {
  await checkFormat(store);
  const stock = await takeBucketStock(store);
  const { entries } = measureEntries({ ...numberPacks(stock), garbage: { bytes: 0 } });
  const measures = new Map(
    entries.flatMap((measure) => measure.entry.keyFiles.map((file) => [file, measure])),
  );
  return stock.keys.flatMap(({ fileName, record, lastUsedMs }) => {
    const measure = measures.get(fileName);
    if (record === undefined || measure === undefined) return [];
    const { sizeBytes, freedBytes, entry } = measure;
    const damage = entry.condition.kind === "damaged" ? { damage: entry.condition.reason } : {};
    const { packs: _, ...stored } = record;
    return [{ ...stored, lastUsedMs, isPinned: false, findings: { sizeBytes, freedBytes, ...damage } }];
  });
}

/** Restores are not counted in a bucket. @throws BtdtError CACHE_FORMAT_NEWER, and those of `ObjectStore` */
export async function measureBucket(store: ObjectStore): Promise<CacheStatistics> {
  await checkFormat(store);
  const stock = await takeBucketStock(store);
  const measured = measureEntries({ ...numberPacks(stock), garbage: { bytes: 0 } });
  const { entries, keptBytes } = measured;
  const needed = new Set(stock.keys.flatMap(({ record }) => record?.packs.map(({ id }) => id) ?? []));
  const garbageBytes = [...stock.packs].reduce((sum, [id, pack]) => {
    const fate = decideFate(pack, stock.marks.get(id), needed.has(id), stock.nowMs);
    return sum + (fate === "kept" ? 0 : pack.sizeBytes);
  }, 0);
  const unsharedBytes = entries.reduce((sum, { entry, sizeBytes }) => sum + sizeBytes * entry.keys.length, 0);
  return {
    keyCount: stock.keys.length,
    entryCount: entries.length,
    keptBytes,
    savedBytes: Math.max(0, unsharedBytes - keptBytes),
    garbageBytes,
    damagedCount: entries.filter(({ entry }) => entry.condition.kind === "damaged").length,
    lastCleanMs: undefined,
    oldestUseMs:
      stock.keys.length === 0 ? undefined : Math.min(...stock.keys.map(({ lastUsedMs }) => lastUsedMs)),
    restores: [],
  };
}
