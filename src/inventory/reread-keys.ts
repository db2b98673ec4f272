import { isBtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { readKeyFile } from "../cache/key-files.ts";
import { errnoOf } from "../fs/errno.ts";
import { decodeKeyFile } from "../key/key-file.ts";
import { isSameRecord, type KeyRecord, type StoredTree } from "../key/key-record.ts";
import type { CachedEntry } from "./inventory.ts";

/** What the keys of an entry say now. */
export interface KeysNow {
  /** As when stock was taken: a key with these has been there all the time. Undefined once there is none. */
  readonly trees: readonly StoredTree[] | undefined;
  /** Something was stored under one of its keys since: what was missing then may be there now. */
  readonly isReplaced: boolean;
}

/**
 * Keys that are gone, or cannot be read, are left out.
 * @param recordOf by key: what was read when stock was taken
 * @throws BtdtError CACHE_FORMAT_NEWER
 */
export function rereadKeys(
  cache: CacheDirectory,
  { keys, keyFiles }: CachedEntry,
  recordOf: ReadonlyMap<string, KeyRecord>,
): KeysNow {
  let trees: readonly StoredTree[] | undefined;
  let isReplaced = false;
  for (const [index, name] of keyFiles.entries()) {
    const now = readRecord(cache, name);
    const before = recordOf.get(keys[index] ?? "");
    if (now === undefined || before === undefined) continue;
    if (isSameRecord(now, before)) trees ??= now.trees;
    else isReplaced = true;
  }
  return { trees, isReplaced };
}

function readRecord(cache: CacheDirectory, name: string): KeyRecord | undefined {
  try {
    const keyFile = readKeyFile(cache, name);
    return keyFile && decodeKeyFile(keyFile.bytes, name);
  } catch (error) {
    if (!isBtdtError(error, "KEY_DAMAGED") && errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
