import { chmodSync, renameSync, rmSync } from "node:fs";
import { type ByteString, fsPath, joinBytes } from "../base/byte-string.ts";
import { errnoOf, isPermissionErrno } from "../fs/errno.ts";
import { lstat } from "../fs/native/file-status.ts";
import { removeTree } from "../fs/remove-tree.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { listExtras } from "./extras.ts";
import { finishDirectory, finishExistingDirectory, isOpen } from "./finish-directories.ts";
import type { MergePlan } from "./merge-plan.ts";
import type { MountStages } from "./mount-stages.ts";
import { putBackMode } from "./put-back-attributes.ts";
import type { Target } from "./target.ts";

/**
 * Moves a tree that was built aside into an existing directory: file by file where a directory exists, otherwise as a
 * whole, each in one step. Readers see the old file or the new one; an existing file or symlink is replaced, never
 * written through. It runs to completion without yielding, so that no signal leaves half of it.
 * @throws a `node:fs` error; directories have their old modes again
 */
export function mergeTree(
  { cache, manifest, exact }: Target,
  { unchanged, directoriesInTheWay }: MergePlan,
  destination: ByteString,
  stages: MountStages,
): void {
  const { directoryCount } = manifest.counts;
  const cacheRoot = cache.rootStatus();
  const opened = new Map<ByteString, number>();
  try {
    for (let directory = 0; directory < directoryCount; directory++) {
      if (unchanged.directories[directory] === 1) {
        open(joinBytes(destination, manifest.directoryPath(directory)), opened);
      }
    }
    for (const path of directoriesInTheWay) removeTree(joinBytes(destination, path), cacheRoot);
    for (let directory = 0; directory < directoryCount; directory++) {
      if (unchanged.directories[directory] === 1) {
        moveContents(manifest, unchanged, directory, destination, stages.treeOf(directory));
      } else if (isMovedAlone(manifest, unchanged.directories, directory)) {
        const path = manifest.directoryPath(directory);
        removeFile(joinBytes(destination, path));
        move(path, stages.treeOf(directory), destination);
      }
    }
    // Before extras are listed, and before directories get their times, which removing it changes.
    stages.close();
    if (exact) {
      const extras = listExtras(manifest, unchanged.directories, destination, "fail");
      for (const path of extras) removeTree(path, cacheRoot);
    }
  } catch (error) {
    for (const [path, mode] of opened) putBackMode(path, mode);
    throw error;
  }
  // Deepest first, because the contents of an inaccessible directory cannot be reached. The root is left to the
  // caller.
  for (let directory = directoryCount - 1; directory > 0; directory--) {
    const isNewAndClosed =
      !isOpen(at(manifest.directoryModes, directory)) &&
      isMovedAlone(manifest, unchanged.directories, directory);
    if (unchanged.directories[directory] === 1) finishExistingDirectory(manifest, destination, directory);
    else if (isNewAndClosed) finishDirectory(manifest, destination, directory);
  }
}

/** Whether a directory is new in an existing one: those below it come with it. */
function isMovedAlone(manifest: Manifest, existing: Uint8Array, directory: number): boolean {
  return existing[directory] === 0 && existing[at(manifest.directoryParents, directory)] === 1;
}

function moveContents(
  manifest: Manifest,
  unchanged: MergePlan["unchanged"],
  directory: number,
  destination: ByteString,
  built: ByteString,
): void {
  const path = manifest.directoryPath(directory);
  for (let file = manifest.firstFileOf(directory); file < at(manifest.directoryFileEnds, directory); file++) {
    if (unchanged.files[file] === 0) move(joinBytes(path, manifest.fileName(file)), built, destination);
  }
  const endLink = at(manifest.directorySymlinkEnds, directory);
  for (let link = manifest.firstSymlinkOf(directory); link < endLink; link++) {
    if (unchanged.symlinks[link] === 0) move(joinBytes(path, manifest.symlinkName(link)), built, destination);
  }
}

/** Removes a file in place of a directory. If it has become a directory by now, moving the new one there fails. */
function removeFile(path: ByteString): void {
  if (lstat(path)?.kind !== "directory") rmSync(fsPath(path), { force: true });
}

function move(path: ByteString, from: ByteString, to: ByteString): void {
  renameSync(fsPath(joinBytes(from, path)), fsPath(joinBytes(to, path)));
}

/** Lets the owner change a directory until it gets its final mode; another user's is left as it is. */
function open(path: ByteString, opened: Map<ByteString, number>): void {
  const mode = lstat(path)?.mode;
  if (mode === undefined || isOpen(mode)) return;
  try {
    chmodSync(fsPath(path), mode | 0o700);
    opened.set(path, mode);
  } catch (error) {
    if (!isPermissionErrno(errnoOf(error))) throw error;
  }
}
