import { type ByteString, bytesFromText, joinBytes } from "../base/byte-string.ts";
import { errnoOf } from "../fs/errno.ts";
import { namesIn } from "../fs/names-in.ts";
import { type FileStatus, lstat, lstatBuffer, mtimeMs } from "../fs/native/file-status.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { unlink } from "../fs/native/path-calls.ts";
import { setMtimeBuffer, touch } from "../fs/native/set-times.ts";
import { publishDurably, writeDurably } from "../fs/publish-file.ts";
import { readRegularFile } from "../fs/regular-file.ts";
import type { CacheDirectory } from "./cache-directory.ts";
import { cacheWriteError } from "./cache-errors.ts";
import type { Session } from "./session.ts";

/** Enough for a hundred thousand paths. A larger file is not a key; truncated, it does not parse. */
const MOST_KEY_BYTES = 16 * 1024 * 1024;

const path = new PathBuffer();

export interface KeyFile {
  /** Its name in the cache; see `keyFileName`. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Its mtime is when the entry was last used, by the file system's clock. */
  readonly status: FileStatus;
}

/** Undefined if there is no such key. @throws a `node:fs` error; EFTYPE if it is not a file */
export function readKeyFile(cache: CacheDirectory, name: string): KeyFile | undefined {
  try {
    return { name, ...readRegularFile(keyPath(cache, name), MOST_KEY_BYTES) };
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** By the file system's clock; undefined if there is no such key. @throws a `node:fs` error */
export function lastUseOfKeyFile(cache: CacheDirectory, name: string): number | undefined {
  const status = lstat(keyPath(cache, name));
  return status === undefined ? undefined : mtimeMs(status);
}

/**
 * Looks at a key's file without reading it.
 * @returns false if there is no such key
 * @throws a `node:fs` error
 */
export function statKeyFile(cache: CacheDirectory, name: string, into: FileStatus): boolean {
  return lstatBuffer(path.set(keyPath(cache, name)), into);
}

/** Sorted by name. @throws a `node:fs` error */
export function listKeyFiles(cache: CacheDirectory): string[] {
  return namesIn(cache.keys).toSorted();
}

/**
 * Replaces a key's file in one step.
 * @param storedMs by the file system's clock; the file gets this time, so that a later one shows that it was used
 * @throws BtdtError CACHE_WRITE_FAILED
 */
export function publishKeyFile(
  cache: CacheDirectory,
  session: Session,
  name: string,
  bytes: Uint8Array,
  storedMs: number,
): void {
  try {
    const temporary = session.temporaryPath();
    writeDurably(temporary, bytes, cache.access);
    const seconds = Math.floor(storedMs / 1000);
    setMtimeBuffer(new PathBuffer().set(temporary), seconds, (storedMs - seconds * 1000) * 1_000_000);
    publishDurably(temporary, keyPath(cache, name));
  } catch (error) {
    throw cacheWriteError(cache, error);
  }
}

/** Notes that an entry was used; returns false if this user may not, or it failed, which must not fail the use. */
export function touchKeyFile(cache: CacheDirectory, name: string): boolean {
  if (cache.isReadOnly) return false;
  try {
    touch(keyPath(cache, name));
    return true;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

/** @throws a `node:fs` error */
export function removeKeyFile(cache: CacheDirectory, name: string): void {
  unlink(keyPath(cache, name));
}

function keyPath(cache: CacheDirectory, name: string): ByteString {
  return joinBytes(cache.keys, bytesFromText(name));
}
