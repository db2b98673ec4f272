import { type ByteString, bytesFromText, joinBytes } from "../base/byte-string.ts";
import { errnoOf } from "../fs/errno.ts";
import { namesIn } from "../fs/names-in.ts";
import { LockFile } from "../fs/native/flock.ts";
import { rename, unlink } from "../fs/native/path-calls.ts";
import { readRegularFile, writeNewFile } from "../fs/regular-file.ts";
import type { CacheDirectory } from "./cache-directory.ts";
import {
  decodeEditedPaths,
  type EditedPaths,
  encodeEditedPaths,
  familyFileName,
  MOST_EDITED_PATHS_BYTES,
} from "./edited-paths-codec.ts";
import type { Session } from "./session.ts";

/**
 * Paths, relative to an entry's root, whose objects were found changed because something edited a linked file in
 * place. From then on, such a path is copied instead of linked, so that a job that does this misses once, not on
 * every run.
 *
 * They are remembered per family: the trees with the same recorded path, since what edits one of them says nothing
 * about the files of other projects.
 */
export function readEditedPaths(
  cache: CacheDirectory,
  recordedPath: string | undefined,
): ReadonlySet<ByteString> {
  try {
    return new Set(readFamily(cache, familyFileName(recordedPath ?? ""))?.paths.seenMs.keys());
  } catch (error) {
    // They only avoid misses: if they cannot be read, files are linked as if none had been edited.
    if (errnoOf(error) === undefined) throw error;
    return new Set();
  }
}

/** A family, and what a clean needs to know about its file. */
export interface EditedFamily {
  readonly paths: EditedPaths;
  readonly allocatedBytes: number;
}

/** Files that are damaged or foreign are passed over. @throws a `node:fs` error */
export function listEditedFamilies(cache: CacheDirectory): EditedFamily[] {
  return namesIn(cache.editedPaths)
    .filter((name) => name.startsWith("family-"))
    .flatMap((name) => {
      try {
        return readFamily(cache, name) ?? [];
      } catch (error) {
        if (errnoOf(error) === undefined) throw error;
        return [];
      }
    });
}

/** @throws a `node:fs` error */
function readFamily(cache: CacheDirectory, name: string): EditedFamily | undefined {
  try {
    const { bytes, status } = readRegularFile(pathOf(cache, name), MOST_EDITED_PATHS_BYTES + 1);
    const paths = decodeEditedPaths(bytes, name);
    return paths && { paths, allocatedBytes: status.allocatedBytes };
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** @param seenMs by the clock of the cache's file system @throws a `node:fs` error */
export function rememberEditedPaths(
  cache: CacheDirectory,
  session: Session,
  recordedPath: string | undefined,
  paths: readonly ByteString[],
  seenMs = session.openedMs,
): void {
  cache.makeDirectory(cache.editedPaths);
  changeFamily(cache, session, recordedPath ?? "", (known) => {
    const newer = paths.filter((path) => (known.get(path) ?? Number.NEGATIVE_INFINITY) < Math.round(seenMs));
    for (const path of newer) known.set(path, Math.round(seenMs));
    return newer.length > 0;
  });
}

/** @param paths with when they were last seen: one that was seen since stays @throws a `node:fs` error */
export function forgetEditedPaths(
  cache: CacheDirectory,
  session: Session,
  recordedPath: string,
  paths: ReadonlyMap<ByteString, number>,
): void {
  changeFamily(cache, session, recordedPath, (known) => {
    const doomed = [...paths].filter(([path, seenMs]) => known.get(path) === seenMs && known.delete(path));
    return doomed.length > 0;
  });
}

const MOST_ATTEMPTS = 5;

/**
 * Reads, changes and replaces a family's file, then looks again: another process may have done the same in between.
 * Where there are locks, that waits.
 * @param change returns false if there is nothing to change
 */
function changeFamily(
  cache: CacheDirectory,
  session: Session,
  recordedPath: string,
  change: (seenMs: Map<ByteString, number>) => boolean,
): void {
  const name = familyFileName(recordedPath);
  const lock = lockDirectory(cache.editedPaths);
  let written: Uint8Array | undefined;
  try {
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
      const known = readForChange(cache, name);
      if (known !== undefined && written !== undefined && isEqual(written, encodeEditedPaths(known.paths)))
        return;
      const seenMs = new Map(known?.paths.seenMs);
      if (!change(seenMs)) return;
      if (seenMs.size === 0) return unlink(pathOf(cache, name));
      const temporary = session.temporaryPath();
      written = encodeEditedPaths({ recordedPath, seenMs });
      writeNewFile(temporary, written, cache.access);
      rename(temporary, pathOf(cache, name));
    }
  } finally {
    lock?.close();
  }
}

function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}

/** What cannot be read, such as a symlink, is replaced. */
function readForChange(cache: CacheDirectory, name: string): EditedFamily | undefined {
  try {
    return readFamily(cache, name);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/** A process that holds the lock for longer has been stopped. */
const MOST_WAITS = 1000;
const WAIT_MS = 2;

/** Undefined if the file system has no locks for directories, or somebody does not let go. */
function lockDirectory(directory: ByteString): LockFile | undefined {
  const lock = LockFile.openDirectory(directory);
  for (let wait = 0; wait < MOST_WAITS; wait++) {
    const outcome = lock.tryLock("exclusive");
    if (outcome === "locked") return lock;
    if (outcome === "unsupported") break;
    Bun.sleepSync(WAIT_MS);
  }
  lock.close();
  return undefined;
}

function pathOf(cache: CacheDirectory, name: string): ByteString {
  return joinBytes(cache.editedPaths, bytesFromText(name));
}
