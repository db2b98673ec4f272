import { mkdirSync, unlinkSync } from "node:fs";
import { type ByteString, bytesFromBuffer, bytesFromText, fsPath, joinBytes } from "../base/byte-string.ts";
import { errnoOf } from "../fs/errno.ts";
import { namesIn } from "../fs/names-in.ts";
import { mtimeMs } from "../fs/native/file-status.ts";
import { touchIfPossible } from "../fs/native/set-times.ts";
import { type RegularFile, readRegularFile, writeNewFile } from "../fs/regular-file.ts";
import type { CacheDirectory } from "./cache-directory.ts";

/** The kernel's limit for a path. */
const MOST_PATH_BYTES = 4096;

/**
 * Paths, relative to an entry's root, whose objects were found changed because something edited a linked file in
 * place. From then on, such a path is copied instead of linked, so that a job that does this misses once, not on
 * every run.
 *
 * There is one file per path, named by its hash, so that adding is one step, and adding twice changes nothing.
 */
export function readEditedPaths(cache: CacheDirectory): ReadonlySet<ByteString> {
  try {
    return new Set(listEditedPaths(cache).map(({ path }) => path));
  } catch (error) {
    // They only avoid misses: if they cannot be read, files are linked as if none had been edited.
    if (errnoOf(error) === undefined) throw error;
    return new Set();
  }
}

/** A remembered path, and what a clean needs to know about its file. */
export interface EditedPath {
  readonly path: ByteString;
  /** When a clean last saw an entry with this path, or when it was found edited; by the file system's clock. */
  readonly seenMs: number;
  readonly allocatedBytes: number;
}

/** @throws a `node:fs` error */
export function listEditedPaths(cache: CacheDirectory): EditedPath[] {
  return namesIn(cache.editedPaths).flatMap((name) => {
    const file = readIfPossible(joinBytes(cache.editedPaths, bytesFromText(name)));
    const path = file === undefined ? undefined : bytesFromBuffer(file.bytes);
    // The name reveals torn and foreign files. The path of an entry that is a single file is empty.
    if (file === undefined || path === undefined || fileNameOf(path) !== name) return [];
    return [{ path, seenMs: mtimeMs(file.status), allocatedBytes: file.status.allocatedBytes }];
  });
}

/** Notes that an entry has this path. In a read-only cache, the note stays as it is. @throws a `node:fs` error */
export function confirmEditedPath(cache: CacheDirectory, { path }: EditedPath): void {
  touchIfPossible(fileOf(cache, path));
}

/** @throws a `node:fs` error */
export function forgetEditedPath(cache: CacheDirectory, { path }: EditedPath): void {
  unlinkSync(fsPath(fileOf(cache, path)));
}

function readIfPossible(path: ByteString): RegularFile | undefined {
  try {
    return readRegularFile(path, MOST_PATH_BYTES);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/** @throws a `node:fs` error */
export function rememberEditedPath(cache: CacheDirectory, path: ByteString): void {
  const file = fileOf(cache, path);
  const content = Buffer.from(path, "latin1");
  const known = readIfPossible(file);
  if (known?.bytes.equals(content) === true) return touchIfPossible(file);
  ignoring(["EEXIST"], () => mkdirSync(fsPath(cache.editedPaths)));
  // Anything else there, such as a torn file or a symlink, is replaced, never written into: it may have another name
  // outside the cache.
  ignoring(["ENOENT"], () => unlinkSync(fsPath(file)));
  // Another restore may have just found the same.
  ignoring(["EEXIST"], () => writeNewFile(file, content));
}

function ignoring(errnos: readonly string[], action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!errnos.includes(errnoOf(error) ?? "")) throw error;
  }
}

function fileOf(cache: CacheDirectory, path: ByteString): ByteString {
  return joinBytes(cache.editedPaths, bytesFromText(fileNameOf(path)));
}

function fileNameOf(path: ByteString): string {
  return new Bun.SHA256().update(Buffer.from(path, "latin1")).digest("hex").slice(0, 32);
}
