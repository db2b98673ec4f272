import { isBtdtError } from "../base/errors.ts";
import type { Pause } from "../base/pause.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { readKeyFile } from "../cache/key-files.ts";
import { errnoOf } from "../fs/errno.ts";
import { mtimeMs } from "../fs/native/file-status.ts";
import { listKeyNames } from "../inventory/list-key-names.ts";
import { decodeKeyFile, type KeyRecord } from "../key/key-file.ts";

export interface StoredKey extends KeyRecord {
  /** By the file system's clock. */
  readonly lastUsedMs: number;
}

/**
 * The keys of a cache, most recently stored first. Damaged and unreadable ones, and those that disappear in the
 * meantime, are skipped.
 * @param pause called between two keys
 * @param names of their files
 * @param onSkip called with the name of a key's file that is damaged or cannot be read, and why
 * @throws BtdtError CACHE_FORMAT_NEWER, CACHE_NOT_ACCESSIBLE; whatever `pause` throws
 */
export async function listKeys(
  cache: CacheDirectory,
  pause: Pause,
  names: readonly string[] = listKeyNames(cache),
  onSkip: (fileName: string, error: unknown) => void = () => undefined,
): Promise<StoredKey[]> {
  const keys: StoredKey[] = [];
  for (const name of names) {
    const key = readStoredKey(cache, name, onSkip);
    if (key !== undefined) keys.push(key);
    await pause();
  }
  return keys.toSorted((left, right) => Date.parse(right.storedAt) - Date.parse(left.storedAt));
}

function readStoredKey(
  cache: CacheDirectory,
  name: string,
  onSkip: (fileName: string, error: unknown) => void,
): StoredKey | undefined {
  try {
    const file = readKeyFile(cache, name);
    if (file === undefined) return undefined;
    return { ...decodeKeyFile(file.bytes, name), lastUsedMs: mtimeMs(file.status) };
  } catch (error) {
    // Such as a foreign directory, or another user's file: not a key for us.
    if (!isBtdtError(error, "KEY_DAMAGED") && errnoOf(error) === undefined) throw error;
    onSkip(name, error);
    return undefined;
  }
}
