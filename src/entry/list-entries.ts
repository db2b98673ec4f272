import { escapeControls } from "../base/byte-string.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { reasonOf } from "../fs/errno.ts";
import { entryIdOf, keyFileName } from "../key/key-file.ts";
import { createPause } from "../work/breather.ts";
import type { Runtime } from "../work/runtime.ts";
import { listKeys, type StoredKey } from "./list-keys.ts";
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
  const { entries } = await measureCache(cache, runtime);
  const measures = new Map(entries.map((measure) => [measure.entry.id, measure]));
  const skipped = new Map<string, unknown>();
  const listed: ListedKey[] = [];
  const pause = createPause(runtime.isCancelled);
  // Not listed once more: an incomplete listing would hide keys.
  const names = entries.flatMap(({ entry }) => entry.keys.map((key) => keyFileName(key)));
  for (const key of await listKeys(cache, pause, names, (name, error) => skipped.set(name, error))) {
    const measure = measures.get(entryIdOf(key));
    // A key that was stored or deleted in the meantime is skipped.
    if (measure === undefined) continue;
    const { sizeBytes, freedBytes, entry } = measure;
    const damage = entry.condition.kind === "damaged" ? { damage: entry.condition.reason } : {};
    // Contents of packs take fractions of their blocks.
    const sizes = { sizeBytes: Math.round(sizeBytes), freedBytes: Math.round(freedBytes) };
    listed.push({ ...key, ...sizes, isPinned: entry.pinnedKeys.includes(key.key), ...damage });
  }
  // The others were reported when the cache was measured.
  for (const key of entries.flatMap(({ entry }) => entry.keys)) {
    const error = skipped.get(keyFileName(key));
    if (error !== undefined) runtime.onWarning(`cannot list key ${escapeControls(key)}: ${reasonOf(error)}`);
  }
  return listed;
}
