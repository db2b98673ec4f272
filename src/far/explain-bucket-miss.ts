import type { ObjectStore } from "../bucket/object-store.ts";
import type { MissExplanation } from "../entry/explain-miss.ts";
import { keyFileName } from "../key/key-file-name.ts";
import { sharedPrefixLength } from "../key/shared-prefix.ts";
import { KEYS_PREFIX } from "./bucket-layout.ts";
import { fetchRecord } from "./fetch-record.ts";
import { listAll } from "./list-all.ts";

const MOST_SHOWN = 3;

/**
 * Explains a miss by what the bucket has instead.
 * @param unusableKeys keys whose entries cannot be used, which are no alternative
 * @throws BtdtError CACHE_FORMAT_NEWER, and those of `ObjectStore`
 */
export async function explainBucketMiss(
  store: ObjectStore,
  keys: readonly string[],
  unusableKeys: readonly string[],
): Promise<MissExplanation> {
  const wanted = keys.map(keyFileName);
  const unusable = new Set(unusableKeys.map(keyFileName));
  const { objects } = await listAll(store, KEYS_PREFIX);
  const others = objects.flatMap(({ name, modifiedMs }) => {
    const fileName = name.slice(KEYS_PREFIX.length);
    const nearness = Math.max(...wanted.map((each) => sharedPrefixLength(each, fileName)));
    return unusable.has(fileName) ? [] : [{ fileName, modifiedMs, nearness }];
  });
  const ranked = others
    .filter(({ nearness }) => nearness > 0)
    .toSorted((left, right) => right.nearness - left.nearness || right.modifiedMs - left.modifiedMs)
    .slice(0, MOST_SHOWN);
  const records = await Promise.all(ranked.map(({ fileName }) => fetchRecord(store, fileName)));
  const nearest = records.flatMap((read, index) => {
    return read.kind === "read" ? [{ ...read.record, lastUsedMs: ranked[index]?.modifiedMs ?? 0 }] : [];
  });
  return { keyCount: others.length, nearest };
}
