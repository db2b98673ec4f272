import { mkdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { type ByteString, bytesFromBuffer, bytesFromText, fsPath, joinBytes } from "../base/byte-string.ts";
import { errnoOf } from "../fs/errno.ts";
import { namesIn } from "../fs/names-in.ts";
import { lstat, mtimeMs } from "../fs/native/file-status.ts";
import { touchIfPossible } from "../fs/native/set-times.ts";
import type { CacheDirectory } from "./cache-directory.ts";

/**
 * Paths, relative to an entry's root, whose objects were found changed because something edited a linked file in
 * place. Such a path is copied instead of linked from then on, so that the workload which does it misses
 * once, not on every run.
 *
 * One file for each path, named by its hash, so that adding is one step and adding twice is nothing.
 */
export function readEditedPaths(cache: CacheDirectory): ReadonlySet<ByteString> {
  const paths = new Set<ByteString>();
  for (const name of namesIn(cache.editedPaths)) {
    const path = readEditedPath(cache, name);
    if (path !== undefined) paths.add(path);
  }
  return paths;
}

/** A remembered path, and what a clean has to know of the file that holds it. */
export interface EditedPath {
  readonly path: ByteString;
  /** When an entry with this path was last seen by a clean, or else when it was found edited; by the file system's clock. */
  readonly seenMs: number;
  readonly allocatedBytes: number;
}

/** @throws a `node:fs` error */
export function listEditedPaths(cache: CacheDirectory): EditedPath[] {
  return namesIn(cache.editedPaths).flatMap((name) => {
    const path = readEditedPath(cache, name);
    const status = path === undefined ? undefined : lstat(fileOf(cache, path));
    if (path === undefined || status === undefined) return [];
    return [{ path, seenMs: mtimeMs(status), allocatedBytes: status.allocatedBytes }];
  });
}

/** Notes that an entry has this path. In a cache that may only be read the note stays as it is. @throws a `node:fs` error */
export function confirmEditedPath(cache: CacheDirectory, { path }: EditedPath): void {
  touchIfPossible(fileOf(cache, path));
}

/** @throws a `node:fs` error */
export function forgetEditedPath(cache: CacheDirectory, { path }: EditedPath): void {
  unlinkSync(fsPath(fileOf(cache, path)));
}

/** Undefined for a torn file and a foreign one: the name tells. The path of an entry that is a single file is empty. */
function readEditedPath(cache: CacheDirectory, name: string): ByteString | undefined {
  const path = readIfPossible(joinBytes(cache.editedPaths, bytesFromText(name)));
  return path !== undefined && fileNameOf(path) === name ? path : undefined;
}

function readIfPossible(path: ByteString): ByteString | undefined {
  try {
    return bytesFromBuffer(readFileSync(fsPath(path)));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/** @throws a `node:fs` error */
export function rememberEditedPath(cache: CacheDirectory, path: ByteString): void {
  mkdirSync(fsPath(cache.editedPaths), { recursive: true });
  writeFileSync(fsPath(fileOf(cache, path)), Buffer.from(path, "latin1"));
}

function fileOf(cache: CacheDirectory, path: ByteString): ByteString {
  return joinBytes(cache.editedPaths, bytesFromText(fileNameOf(path)));
}

function fileNameOf(path: ByteString): string {
  return new Bun.SHA256().update(Buffer.from(path, "latin1")).digest("hex").slice(0, 32);
}
