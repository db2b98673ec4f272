import { display } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { listKeyFiles } from "../cache/key-files.ts";
import { reasonOf } from "../fs/errno.ts";

/** The names of all key files, sorted. @throws BtdtError CACHE_NOT_ACCESSIBLE */
export function listKeyNames(cache: CacheDirectory): string[] {
  try {
    return listKeyFiles(cache);
  } catch (error) {
    const path = display(cache.path);
    throw new BtdtError("CACHE_NOT_ACCESSIBLE", `cannot list the keys of ${path}: ${reasonOf(error)}`, {
      path,
      cause: error,
    });
  }
}
