import type { Pause } from "../base/pause.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { cacheWriteError } from "../cache/cache-errors.ts";
import { removeKeyFile } from "../cache/key-files.ts";
import { removePin } from "../cache/pins.ts";
import { errnoOf } from "../fs/errno.ts";
import { keyFileName } from "../key/key-file-name.ts";

/**
 * Deletes keys and their pins, and returns those that were missing. Contents that nothing needs any more stay until the
 * next clean, so that running restores are not disturbed.
 * @param pause called between two keys; yields to signals
 * @throws BtdtError CACHE_WRITE_FAILED, and what `pause` throws
 */
export async function deleteKeys(
  cache: CacheDirectory,
  keys: readonly string[],
  pause: Pause,
): Promise<{ readonly deleted: readonly string[]; readonly missing: readonly string[] }> {
  const deleted: string[] = [];
  const missing: string[] = [];
  for (const key of keys) {
    const name = keyFileName(key);
    // First: a pin that outlived its key would pin whatever is stored under that key later.
    removePin(cache, name);
    try {
      removeKeyFile(cache, name);
      deleted.push(key);
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw cacheWriteError(cache, error);
      missing.push(key);
    }
    await pause();
  }
  return { deleted, missing };
}
