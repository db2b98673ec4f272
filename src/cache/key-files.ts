import { readFileSync, unlinkSync } from "node:fs";
import { type ByteString, bytesFromText, fsPath, joinBytes } from "../base/byte-string.ts";
import { errnoOf } from "../fs/errno.ts";
import { namesIn } from "../fs/names-in.ts";
import { type FileStatus, lstat, mtimeMs } from "../fs/native/file-status.ts";
import { touchIfPossible } from "../fs/native/set-times.ts";
import { publishDurably, writeDurably } from "../fs/publish-file.ts";
import { type CacheDirectory, cacheWriteError } from "./cache-directory.ts";
import type { Session } from "./session.ts";

export interface KeyFile {
  /** As it is called in the cache; see `keyFileName`. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Its mtime is when the entry was last used, by the file system's clock. */
  readonly status: FileStatus;
}

/** Undefined when there is no such key. @throws a `node:fs` error */
export function readKeyFile(cache: CacheDirectory, name: string): KeyFile | undefined {
  const path = keyPath(cache, name);
  try {
    const status = lstat(path);
    if (status === undefined) return undefined;
    return { name, bytes: readFileSync(fsPath(path)), status };
  } catch (error) {
    // A clean may have removed it between the two.
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** By the file system's clock; undefined when there is no such key. @throws a `node:fs` error */
export function lastUseOfKeyFile(cache: CacheDirectory, name: string): number | undefined {
  const status = lstat(keyPath(cache, name));
  return status === undefined ? undefined : mtimeMs(status);
}

/** Sorted by name. @throws a `node:fs` error */
export function listKeyFiles(cache: CacheDirectory): string[] {
  return namesIn(cache.keys).toSorted();
}

/** Replaces a key's file in one step. @throws BtdtError CACHE_WRITE_FAILED */
export function publishKeyFile(
  cache: CacheDirectory,
  session: Session,
  name: string,
  bytes: Uint8Array,
): void {
  try {
    const temporary = session.temporaryPath();
    writeDurably(temporary, bytes);
    publishDurably(temporary, keyPath(cache, name));
  } catch (error) {
    throw cacheWriteError(cache, error);
  }
}

/** Notes that an entry was used. A cache that may only be read keeps no such notes. @throws a `node:fs` error */
export function touchKeyFile(cache: CacheDirectory, name: string): void {
  touchIfPossible(keyPath(cache, name));
}

/** @throws a `node:fs` error */
export function removeKeyFile(cache: CacheDirectory, name: string): void {
  unlinkSync(fsPath(keyPath(cache, name)));
}

function keyPath(cache: CacheDirectory, name: string): ByteString {
  return joinBytes(cache.keys, bytesFromText(name));
}
