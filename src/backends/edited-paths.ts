import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type ByteString, bytesFromBuffer, bytesFromText, fsPath, joinBytes } from "../base/byte-string.ts";
import { errnoOf } from "../fs/errno.ts";
import { namesIn } from "../fs/names-in.ts";
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
    const path = readIfPossible(joinBytes(cache.editedPaths, bytesFromText(name)));
    // The name tells a torn file, and a foreign one. The path of an entry that is a single file is empty.
    if (path !== undefined && fileNameOf(path) === name) paths.add(path);
  }
  return paths;
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
  writeFileSync(
    fsPath(joinBytes(cache.editedPaths, bytesFromText(fileNameOf(path)))),
    Buffer.from(path, "latin1"),
  );
}

function fileNameOf(path: ByteString): string {
  return new Bun.SHA256().update(Buffer.from(path, "latin1")).digest("hex").slice(0, 32);
}
