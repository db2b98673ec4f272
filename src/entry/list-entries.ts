import type { CacheDirectory } from "../cache/cache-directory.ts";
import { Doubts } from "../inventory/doubts.ts";
import { findPins } from "../inventory/find-pins.ts";
import { groupKeys } from "../inventory/group-keys.ts";
import type { StoredKey } from "../inventory/stored-key.ts";
import { keyFileName } from "../key/key-file-name.ts";
import { entryIdOf } from "../key/key-record.ts";
import { createPause } from "../work/breather.ts";
import type { Runtime } from "../work/runtime.ts";
import { measureCache } from "./measure-cache.ts";

export interface ListedKey extends StoredKey {
  readonly isPinned: boolean;
  /** Undefined if its entry was not examined. */
  readonly findings?: EntryFindings;
}

/** What only the entry's manifests, and all objects and packs, can tell. */
interface EntryFindings {
  readonly sizeBytes: number;
  /** What deleting it would free, along with the other keys of the same entry. */
  readonly freedBytes: number;
  /** Why it can no longer be restored. */
  readonly damage?: string;
}

/**
 * All keys, in no particular order.
 * @param mayRecall see `measureCache`
 * @throws BtdtError CACHE_NOT_ACCESSIBLE, CACHE_FORMAT_NEWER
 */
export async function listEntries(
  cache: CacheDirectory,
  runtime: Runtime,
  mayRecall: boolean,
): Promise<ListedKey[]> {
  const { entries, keys } = await measureCache(cache, runtime, mayRecall);
  const measures = new Map(entries.map((measure) => [measure.entry.id, measure]));
  const pinned = new Set(entries.flatMap(({ entry }) => entry.pinnedKeys));
  return keys.flatMap((key) => {
    const measure = measures.get(entryIdOf(key));
    if (measure === undefined) return [];
    const { sizeBytes, freedBytes, entry } = measure;
    const damage = entry.condition.kind === "damaged" ? { damage: entry.condition.reason } : {};
    // Contents of packs take fractions of their blocks.
    const sizes = { sizeBytes: Math.round(sizeBytes), freedBytes: Math.round(freedBytes) };
    return [{ ...key, isPinned: pinned.has(key.key), findings: { ...sizes, ...damage } }];
  });
}

/** The same from the keys alone, which takes no longer for large entries. */
export async function listWithoutSizes(cache: CacheDirectory, runtime: Runtime): Promise<ListedKey[]> {
  const doubts = new Doubts(!cache.isPrepared());
  const keys = await groupKeys(cache, createPause(runtime.isCancelled));
  doubts.addKeys(keys);
  const isPinned = findPins(cache, doubts);
  for (const warning of doubts.warnings) runtime.onWarning(warning);
  const listed: ListedKey[] = [];
  for (const key of keys.stored) listed.push({ ...key, isPinned: isPinned(keyFileName(key.key)) });
  return listed;
}
