import { unlinkSync } from "node:fs";
import { type ByteString, bytesFromText, fsPath, joinBytes } from "../base/byte-string.ts";
import { errnoOf } from "../fs/errno.ts";
import { namesIn } from "../fs/names-in.ts";
import { lstat } from "../fs/native/file-status.ts";
import { syncDirectory, writeDurably } from "../fs/publish-file.ts";
import type { CacheDirectory } from "./cache-directory.ts";
import { cacheWriteError } from "./cache-errors.ts";

/**
 * Pins of keys whose entries no clean evicts for age, number or size: empty files with the names of the keys' files. A
 * pin belongs to the key, not to what is stored under it, so another store keeps it.
 */

/** Whatever has the name counts. @throws BtdtError CACHE_WRITE_FAILED */
export function addPin(cache: CacheDirectory, keyFile: string): void {
  const path = pinPath(cache, keyFile);
  try {
    if (lstat(path) !== undefined) return;
    if (cache.makeDirectory(cache.pins)) syncDirectory(cache.root);
    writeUnlessPresent(path, cache);
    syncDirectory(cache.pins);
  } catch (error) {
    throw cacheWriteError(cache, error);
  }
}

/** @returns whether there was one @throws BtdtError CACHE_WRITE_FAILED */
export function removePin(cache: CacheDirectory, keyFile: string): boolean {
  try {
    unlinkSync(fsPath(pinPath(cache, keyFile)));
    return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw cacheWriteError(cache, error);
  }
}

/** The names of the key files that are pinned. @throws a `node:fs` error */
export function listPins(cache: CacheDirectory): string[] {
  return namesIn(cache.pins);
}

function writeUnlessPresent(path: ByteString, cache: CacheDirectory): void {
  try {
    writeDurably(path, new Uint8Array(), cache.access);
  } catch (error) {
    // By another process.
    if (errnoOf(error) !== "EEXIST") throw error;
  }
}

function pinPath(cache: CacheDirectory, keyFile: string): ByteString {
  return joinBytes(cache.pins, bytesFromText(keyFile));
}
