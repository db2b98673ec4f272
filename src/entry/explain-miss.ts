import type { Pause } from "../base/pause.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { listKeyNames } from "../inventory/list-key-names.ts";
import { keyFileName } from "../key/key-file.ts";
import { sharedPrefixLength } from "../key/shared-prefix.ts";
import { listKeys, type StoredKey } from "./list-keys.ts";

const MOST_SHOWN = 3;
/** Reading more key files would slow down a miss. */
const MOST_READ = 1000;

export interface MissExplanation {
  readonly keyCount: number;
  /**
   * Keys that start like one of the missed ones; the longest common prefix first, and of equal ones, the one stored
   * last.
   */
  readonly nearest: readonly StoredKey[];
}

/**
 * Explains a miss by what the cache has instead.
 * @param unusableKeys keys whose entries cannot be used, which are no alternative
 * @param pause called between two keys
 * @throws BtdtError CACHE_FORMAT_NEWER, CACHE_NOT_ACCESSIBLE; whatever `pause` throws
 */
export async function explainMiss(
  cache: CacheDirectory,
  keys: readonly string[],
  unusableKeys: readonly string[],
  pause: Pause,
): Promise<MissExplanation> {
  const wanted = keys.map(keyFileName);
  const unusable = new Set(unusableKeys.map(keyFileName));
  const nearness = (fileName: string): number =>
    Math.max(...wanted.map((name) => sharedPrefixLength(name, fileName)));
  const names = listKeyNames(cache).filter((name) => !unusable.has(name));
  const ranked = names
    .map((name) => ({ name, nearness: nearness(name) }))
    .filter(({ nearness }) => nearness > 0)
    .toSorted((left, right) => right.nearness - left.nearness)
    .slice(0, MOST_READ);
  const rankedNames = ranked.map(({ name }) => name);
  const nearest = (await listKeys(cache, pause, rankedNames)).toSorted(
    (left, right) => nearness(keyFileName(right.key)) - nearness(keyFileName(left.key)),
  );
  return { keyCount: names.length, nearest: nearest.slice(0, MOST_SHOWN) };
}
