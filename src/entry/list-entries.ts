import type { CacheDirectory } from "../cache/cache-directory.ts";
import type { StoredKey } from "../inventory/stored-key.ts";
import { entryIdOf } from "../key/key-file.ts";
import type { Runtime } from "../work/runtime.ts";
import { measureCache } from "./measure-cache.ts";

export interface ListedKey extends StoredKey {
  readonly sizeBytes: number;
  /** What deleting it would free, along with the other keys of the same entry. */
  readonly freedBytes: number;
  readonly isPinned: boolean;
  /** Why it can no longer be restored. */
  readonly damage?: string;
}

/** All keys, in no particular order. @throws BtdtError CACHE_NOT_ACCESSIBLE, CACHE_FORMAT_NEWER */
export async function listEntries(cache: CacheDirectory, runtime: Runtime): Promise<ListedKey[]> {
  const { entries, keys } = await measureCache(cache, runtime);
  const measures = new Map(entries.map((measure) => [measure.entry.id, measure]));
  const pinned = new Set(entries.flatMap(({ entry }) => entry.pinnedKeys));
  return keys.flatMap((key) => {
    const measure = measures.get(entryIdOf(key));
    if (measure === undefined) return [];
    const { sizeBytes, freedBytes, entry } = measure;
    const damage = entry.condition.kind === "damaged" ? { damage: entry.condition.reason } : {};
    // Contents of packs take fractions of their blocks.
    const sizes = { sizeBytes: Math.round(sizeBytes), freedBytes: Math.round(freedBytes) };
    return [{ ...key, ...sizes, isPinned: pinned.has(key.key), ...damage }];
  });
}
