import type { Pause } from "../base/pause.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { lastUseOfKeyFile } from "../cache/key-files.ts";
import { errnoOf } from "../fs/errno.ts";
import { listKeyNames } from "../inventory/list-key-names.ts";
import type { StoredKey } from "../inventory/stored-key.ts";
import { keyFileName } from "../key/key-file-name.ts";
import { sharedPrefixLength } from "../key/shared-prefix.ts";
import { listKeys } from "./list-keys.ts";

const MOST_SHOWN = 3;
/** Looking at more key files would slow down a miss. */
const MOST_EXAMINED = 1000;
/** The same for those that take long, each a round trip to a slow volume. */
const MOST_SLOW = 50;
/** Longer than a local disk takes for what was just listed. */
const SLOW_NS = 300_000;

export interface MissExplanation {
  readonly keyCount: number;
  /**
   * Keys that start like one of the missed ones: those with the longest common prefix, and of many, the ones used
   * last; on a slow volume, only some are compared. The longest comes first, and of equal ones, the one stored last.
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
    .slice(0, MOST_EXAMINED);
  const nearest: { key: StoredKey; nearness: number }[] = [];
  for (const { name, nearness } of await putLastUsedFirst(cache, ranked, pause)) {
    if (nearest.length === MOST_SHOWN) break;
    // One that cannot be read makes room for the next.
    for (const key of await listKeys(cache, pause, [name])) nearest.push({ key, nearness });
  }
  const sorted = nearest.toSorted(
    (left, right) =>
      right.nearness - left.nearness || Date.parse(right.key.storedAt) - Date.parse(left.key.storedAt),
  );
  return { keyCount: names.length, nearest: sorted.map(({ key }) => key) };
}

interface RankedName {
  readonly name: string;
  readonly nearness: number;
}

/**
 * Among names that are equally near. The times tell without reading the files, which takes several times as long. On a
 * slow volume, only some are looked at, and the others come last.
 */
async function putLastUsedFirst(
  cache: CacheDirectory,
  ranked: readonly RankedName[],
  pause: Pause,
): Promise<readonly RankedName[]> {
  if (ranked.length <= MOST_SHOWN) return ranked;
  const used: (RankedName & { readonly usedMs: number })[] = [];
  let slowCount = 0;
  for (const each of ranked) {
    if (slowCount === MOST_SLOW) {
      used.push({ ...each, usedMs: 0 });
      continue;
    }
    const startedNs = Bun.nanoseconds();
    used.push({ ...each, usedMs: lastUseOf(cache, each.name) });
    if (Bun.nanoseconds() - startedNs > SLOW_NS) slowCount += 1;
    await pause();
  }
  return used.toSorted((left, right) => right.nearness - left.nearness || right.usedMs - left.usedMs);
}

/** 0 if it cannot be told, which must not fail the explanation. */
function lastUseOf(cache: CacheDirectory, name: string): number {
  try {
    return lastUseOfKeyFile(cache, name) ?? 0;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return 0;
  }
}
