import { isBtdtError } from "../base/errors.ts";
import type { Pause } from "../base/pause.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { readKeyFile } from "../cache/key-files.ts";
import { errnoOf } from "../fs/errno.ts";
import { mtimeMs } from "../fs/native/file-status.ts";
import { listKeyNames } from "../inventory/list-key-names.ts";
import type { StoredKey } from "../inventory/stored-key.ts";
import { decodeKeyFile } from "../key/key-file.ts";

/**
 * The keys of a cache, most recently stored first. Damaged and unreadable ones, and those that disappear in the
 * meantime, are skipped.
 * @param pause called between two keys
 * @param names of their files
 * @throws BtdtError CACHE_FORMAT_NEWER, CACHE_NOT_ACCESSIBLE; whatever `pause` throws
 */
export async function listKeys(
  cache: CacheDirectory,
  pause: Pause,
  names: readonly string[] = listKeyNames(cache),
): Promise<StoredKey[]> {
  const keys: { readonly key: StoredKey; readonly storedMs: number }[] = [];
  for (const name of names) {
    const key = readStoredKey(cache, name);
    if (key !== undefined) keys.push({ key, storedMs: Date.parse(key.storedAt) });
    await pause();
  }
  return keys.toSorted((left, right) => right.storedMs - left.storedMs).map(({ key }) => key);
}

function readStoredKey(cache: CacheDirectory, name: string): StoredKey | undefined {
  try {
    const file = readKeyFile(cache, name);
    if (file === undefined) return undefined;
    return { ...decodeKeyFile(file.bytes, name), lastUsedMs: mtimeMs(file.status) };
  } catch (error) {
    // Such as a foreign directory, or another user's file: not a key for us.
    if (!isBtdtError(error, "KEY_DAMAGED") && errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
