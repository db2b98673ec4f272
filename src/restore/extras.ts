import { readdirSync } from "node:fs";
import {
  type ByteString,
  bytesFromBuffer,
  display,
  fsPath,
  joinBytes,
  parentOf,
} from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { isStagingName } from "../base/staging-name.ts";
import { errnoOf, isPermissionErrno } from "../fs/errno.ts";
import { type FileStatus, isSameFile, lstat } from "../fs/native/file-status.ts";
import { at, type Manifest } from "../manifest/manifest.ts";

/** The inode of an ext file system's root. */
const EXT_ROOT_INODE = 2;

/**
 * The paths of whatever a destination has and the entry does not, which `--exact` deletes. The `lost+found` of a
 * volume is not included.
 * @param existing 1 for each of the entry's directories that the destination has
 * @param whenClosed what to do about a directory that cannot be read
 * @throws a `node:fs` error
 */
export function listExtras(
  manifest: Manifest,
  existing: Uint8Array,
  destination: ByteString,
  whenClosed: "skip" | "fail",
): ByteString[] {
  const extras: ByteString[] = [];
  const mayHaveLostFound = isFileSystemRoot(destination);
  for (const [directory, names] of collectNames(manifest, existing)) {
    const path = joinBytes(destination, manifest.directoryPath(directory));
    for (const name of whenClosed === "skip" ? readNamesIfAllowed(path) : readNames(path)) {
      if (names.has(name)) continue;
      if (directory === 0 && (isStagingName(name) || (mayHaveLostFound && name === "lost+found"))) continue;
      extras.push(joinBytes(path, name));
    }
  }
  return extras;
}

/**
 * Looks for the cache in what is about to be deleted. It may be mounted there a second time, so paths say nothing.
 * @throws BtdtError DESTINATION_CONFLICT; a `node:fs` error
 */
export function assertCacheNotIn(paths: readonly ByteString[], cacheRoot: FileStatus | undefined): void {
  if (cacheRoot === undefined) return;
  for (const path of paths) {
    const found = findDirectory(path, cacheRoot);
    if (found === undefined) continue;
    throw new BtdtError(
      "DESTINATION_CONFLICT",
      `--exact would delete the cache, which is at ${display(found)}`,
      {
        path: display(found),
        hint: "restore to a directory outside the cache, or without --exact",
      },
    );
  }
}

function findDirectory(path: ByteString, wanted: FileStatus): ByteString | undefined {
  const status = lstat(path);
  if (status?.kind !== "directory") return undefined;
  if (isSameFile(status, wanted)) return path;
  for (const name of readNamesIfAllowed(path)) {
    const found = findDirectory(joinBytes(path, name), wanted);
    if (found !== undefined) return found;
  }
  return undefined;
}

function readNames(directory: ByteString): ByteString[] {
  return readdirSync(fsPath(directory), { encoding: "buffer" }).map((name) => bytesFromBuffer(name));
}

/** What cannot be read now is checked when it is deleted. */
function readNamesIfAllowed(directory: ByteString): ByteString[] {
  try {
    return readNames(directory);
  } catch (error) {
    if (!isPermissionErrno(errnoOf(error))) throw error;
    return [];
  }
}

function isFileSystemRoot(path: ByteString): boolean {
  const status = lstat(path);
  if (status === undefined) return false;
  const isExtRoot = status.inodeHigh === 0 && status.inodeLow === EXT_ROOT_INODE;
  return isExtRoot || path === "/" || lstat(parentOf(path))?.device !== status.device;
}

/** The names that each existing directory should have. */
function collectNames(manifest: Manifest, existing: Uint8Array): Map<number, Set<ByteString>> {
  const names = new Map<number, Set<ByteString>>();
  for (let directory = 0; directory < manifest.counts.directoryCount; directory++) {
    if (directory > 0) {
      names.get(at(manifest.directoryParents, directory))?.add(manifest.directoryName(directory));
    }
    if (existing[directory] === 0) continue;
    const own = new Set<ByteString>();
    const endFile = at(manifest.directoryFileEnds, directory);
    for (let file = manifest.firstFileOf(directory); file < endFile; file++) own.add(manifest.fileName(file));
    const endLink = at(manifest.directorySymlinkEnds, directory);
    for (let link = manifest.firstSymlinkOf(directory); link < endLink; link++) {
      own.add(manifest.symlinkName(link));
    }
    names.set(directory, own);
  }
  return names;
}
