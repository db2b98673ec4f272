import type { ByteString } from "../base/byte-string.ts";
import { compileLightly } from "../base/compile-lightly.ts";
import { errnoOf } from "../fs/errno.ts";
import { isOwn } from "../fs/is-own.ts";
import { emptyStatus, lstatBuffer } from "../fs/native/file-status.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { chmod } from "../fs/native/path-calls.ts";
import { setMtimeBuffer } from "../fs/native/set-times.ts";
import { viewManifest } from "../manifest/codec.ts";
import {
  type DirectoryRange,
  type DoneRange,
  directoryRanges,
  restOfRange,
} from "../manifest/directory-ranges.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import type { Job, Runners } from "../work/job.ts";
import { runAllResuming } from "../work/run-all.ts";
import type { Site } from "./target.ts";

const SLASH = "/" as ByteString;
const path = new PathBuffer();
const status = emptyStatus();

export interface FinishDirectoriesInput extends DirectoryRange {
  readonly payload: Uint8Array;
  readonly root: ByteString;
  /** 1 for each directory that does not exist. */
  readonly unchanged: Uint8Array | undefined;
}

/**
 * Sets the final mode and time of directories, except of those that deny access to their owner. The root is left to
 * the caller.
 */
export const finishDirectoriesJob: Job<FinishDirectoriesInput, DoneRange> = {
  name: "finish-directories",
  run({ payload, root, unchanged, firstDirectory, endDirectory }, context) {
    const manifest = viewManifest(payload);
    // `mkdir` gave each its mode; the umask, a default ACL or an inherited set-group-ID bit changes all with the same
    // mode alike.
    const isModeKept = new Map<number, boolean>();
    let directory = Math.max(1, firstDirectory);
    for (; directory < endDirectory; directory++) {
      if (directory > firstDirectory + 1 && context.isOverdue()) break;
      const mode = at(manifest.directoryModes, directory);
      if (!isOpen(mode) || unchanged?.[directory] === 1) continue;
      setPath(manifest, root, directory);
      if (!isModeKept.has(mode)) isModeKept.set(mode, lstatBuffer(path, status) && status.mode === mode);
      if (isModeKept.get(mode) !== true) chmod(path.toBytes(), mode);
      setMtime(manifest, directory);
    }
    return { nextDirectory: directory, nextLeaf: 0 };
  },
};

/**
 * Sets the final modes and times of the directories of a tree that was built aside. Those that are moved individually
 * follow later if they are inaccessible, because such a directory cannot be moved: the root, and those whose parent
 * already exists.
 * @throws BtdtError CANCELLED, a `node:fs` error
 */
export async function finishTree(
  manifest: Manifest,
  { path: root, unchanged }: Site,
  runners: Runners,
): Promise<void> {
  const ranges = directoryRanges(manifest, runners.pool);
  const runner = ranges.length > 1 ? runners.pool : runners.inline;
  const shared = { payload: manifest.payload, root, unchanged: unchanged?.directories };
  await runAllResuming(runner, finishDirectoriesJob, shared, ranges, restOfRange);
  // Deepest first, because the contents of an inaccessible directory cannot be reached.
  for (let directory = manifest.counts.directoryCount - 1; directory > 0; directory--) {
    if (isOpen(at(manifest.directoryModes, directory)) || unchanged?.directories[directory] === 1) continue;
    if (unchanged?.directories[at(manifest.directoryParents, directory)] === 1) continue;
    finishDirectory(manifest, root, directory);
  }
}

/**
 * The root comes last: it could not be moved into place if it were inaccessible, and moving things into it changes
 * its time.
 */
export function finishRoot(manifest: Manifest, root: ByteString): void {
  finishDirectory(manifest, root, 0);
}

/** Whether its owner may list, enter and change a directory. */
export function isOpen(mode: number): boolean {
  return (mode & 0o700) === 0o700;
}

/**
 * The same for a directory that existed before. One that belongs to another user (a volume's root, a directory that a
 * group shares) keeps its mode, which others may rely on, and its time; so does the root of a read-only mount.
 * @throws a `node:fs` error
 */
export function finishExistingDirectory(manifest: Manifest, root: ByteString, directory: number): void {
  setPath(manifest, root, directory);
  if (lstatBuffer(path, status) && (!isOwn(status) || isFinished(manifest, directory))) return;
  try {
    finishDirectory(manifest, root, directory);
  } catch (error) {
    if (errnoOf(error) !== "EROFS") throw error;
  }
}

/** Whether the directory whose status was read last has its final mode and time. */
function isFinished(manifest: Manifest, directory: number): boolean {
  return (
    status.mode === at(manifest.directoryModes, directory) &&
    status.mtimeSeconds === at(manifest.directoryMtimeSeconds, directory) &&
    status.mtimeNanoseconds === at(manifest.directoryMtimeNanoseconds, directory)
  );
}

/** Sets the final mode and time of one directory. @throws a `node:fs` error */
export function finishDirectory(manifest: Manifest, root: ByteString, directory: number): void {
  setPath(manifest, root, directory);
  chmod(path.toBytes(), at(manifest.directoryModes, directory));
  setMtime(manifest, directory);
}

function setPath(manifest: Manifest, root: ByteString, directory: number): void {
  path.set(root);
  if (directory > 0) path.append(SLASH).append(manifest.directoryPath(directory));
}

function setMtime(manifest: Manifest, directory: number): void {
  setMtimeBuffer(
    path,
    at(manifest.directoryMtimeSeconds, directory),
    at(manifest.directoryMtimeNanoseconds, directory),
  );
}

compileLightly(setPath);
