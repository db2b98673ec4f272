import { isBtdtError } from "../base/errors.ts";
import type { Pause } from "../base/pause.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { readKeyFile, removeKeyFile } from "../cache/key-files.ts";
import { errnoOf } from "../fs/errno.ts";
import type { CachedEntry } from "../inventory/inventory.ts";
import { decodeKeyFile } from "../key/key-file.ts";
import { entryIdOf } from "../key/key-record.ts";

/**
 * Removes the keys of an entry, under the cache's exclusive lock.
 * @param pause called between two keys
 * @throws a `node:fs` error, and whatever `pause` throws
 */
export async function removeEntryKeys(
  cache: CacheDirectory,
  entry: CachedEntry,
  pause: Pause,
): Promise<void> {
  for (const keyFile of entry.keyFiles) {
    if (stillPointsTo(cache, keyFile, entry.id)) removeIfPresent(() => removeKeyFile(cache, keyFile));
    await pause();
  }
}

/** Removes what has the name of a key but is not one, unless a store has replaced it. @throws a `node:fs` error */
export function removeDamagedKey(cache: CacheDirectory, name: string): void {
  if (isDamaged(cache, name)) removeIfPresent(() => removeKeyFile(cache, name));
}

/** Without locks, a store may have replaced the key since it was examined. */
function stillPointsTo(cache: CacheDirectory, keyFileName: string, entryId: string): boolean {
  const keyFile = readKeyFile(cache, keyFileName);
  if (keyFile === undefined) return false;
  try {
    return entryIdOf(decodeKeyFile(keyFile.bytes, keyFileName)) === entryId;
  } catch (error) {
    if (!isBtdtError(error, "KEY_DAMAGED")) throw error;
    return false;
  }
}

function isDamaged(cache: CacheDirectory, name: string): boolean {
  const keyFile = readKeyFile(cache, name);
  if (keyFile === undefined) return false;
  try {
    decodeKeyFile(keyFile.bytes, name);
    return false;
  } catch (error) {
    if (!isBtdtError(error, "KEY_DAMAGED")) throw error;
    return true;
  }
}

/** Ignores what is already gone. @throws a `node:fs` error */
export function removeIfPresent(unlink: () => void): void {
  try {
    unlink();
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
}
