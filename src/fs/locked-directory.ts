import { mkdirSync, readdirSync, renameSync, rmdirSync, unlinkSync } from "node:fs";
import { type ByteString, fsPath, joinBytes } from "../base/byte-string.ts";
import { errnoOf, isPermissionErrno } from "./errno.ts";
import { lstat, mtimeMs } from "./native/file-status.ts";
import { LockFile } from "./native/flock.ts";
import { discardTree, ignoringErrno, removeContents } from "./remove-tree.ts";

/** While it has this suffix, a directory is being made and not locked yet. */
const UNFINISHED_SUFFIX = ".new";
const LOCK_NAME = "lock" as ByteString;
/** Making a directory takes an instant; whatever is in the state of being made for longer was abandoned. */
const UNFINISHED_GRACE_MS = 10 * 60 * 1000;
/** Where a file system has no locks, only age tells whether a process still lives. */
const LOCKLESS_GRACE_MS = 24 * 60 * 60 * 1000;

/**
 * A directory of one process, recognised as abandoned by anybody once that process has ended, however it ended: a file in
 * it is locked (`flock`) while the process lives.
 *
 * At every instant the directory is in one of these states, so that one left by a killed process can be removed:
 * - `NAME.new`, being made: abandoned when it is old;
 * - `NAME` with `lock`: abandoned when the lock is free. It gets this name only with the lock held, and `lock` is
 *   removed last of all that is in it;
 * - `NAME` without `lock`: empty, between the last two steps of its removal. One that is not empty was left by a removal
 *   in another order, or cannot be seen whole: abandoned when it is old.
 */
export class LockedDirectory {
  readonly path: ByteString;
  /** When it was made, by the file system's own clock, which may differ from this machine's. */
  readonly madeMs: number;
  readonly #lock: LockFile;
  #isClosed = false;

  private constructor(path: ByteString, madeMs: number, lock: LockFile) {
    this.path = path;
    this.madeMs = madeMs;
    this.#lock = lock;
  }

  /** @param path must not exist; its parent must. @throws a `node:fs` error */
  static create(path: ByteString): LockedDirectory {
    const unfinished = `${path}${UNFINISHED_SUFFIX}` as ByteString;
    mkdirSync(fsPath(unfinished));
    let lock: LockFile | undefined;
    try {
      lock = LockFile.open(joinBytes(unfinished, LOCK_NAME), "create");
      lock.tryLock("exclusive");
      const status = lstat(unfinished);
      renameSync(fsPath(unfinished), fsPath(path));
      return new LockedDirectory(path, status === undefined ? Date.now() : mtimeMs(status), lock);
    } catch (error) {
      lock?.close();
      discardTree(unfinished);
      throw error;
    }
  }

  /** Removes it with all that is in it; what cannot be removed is left as abandoned. May be called again, which does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    ignoringErrno(() => {
      try {
        removeContents(this.path, LOCK_NAME);
      } finally {
        // Before it is unlinked: FUSE and NFS keep a file that is open under another name in the directory.
        this.#lock.close();
      }
      removeEmptied(this.path);
    });
  }
}

/**
 * Whether the process that made a directory has ended.
 * @param nowMs by the file system's clock; without it nothing counts as old
 * @throws a `node:fs` error
 */
export function isAbandoned(path: ByteString, nowMs = Number.NEGATIVE_INFINITY): boolean {
  const status = lstat(path);
  if (status?.kind !== "directory") return false;
  const ageMs = nowMs - mtimeMs(status);
  if (path.endsWith(UNFINISHED_SUFFIX)) return ageMs > UNFINISHED_GRACE_MS;
  switch (probeLock(path)) {
    case "locked":
      return true;
    case "busy":
      return false;
    case "unsupported":
      return ageMs > LOCKLESS_GRACE_MS;
    case "missing":
      return ageMs > UNFINISHED_GRACE_MS || readdirSync(fsPath(path)).length === 0;
  }
}

/**
 * Removes a directory that is abandoned, `lock` last: being killed on the way leaves one that still is.
 * @throws a `node:fs` error; the rest is left for the next time
 */
export function removeAbandoned(path: ByteString): void {
  removeContents(path, LOCK_NAME);
  removeEmptied(path);
}

function removeEmptied(path: ByteString): void {
  for (const remove of [
    () => unlinkSync(fsPath(joinBytes(path, LOCK_NAME))),
    () => rmdirSync(fsPath(path)),
  ]) {
    try {
      remove();
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw error;
    }
  }
}

function probeLock(directory: ByteString): ReturnType<LockFile["tryLock"]> | "missing" {
  const path = joinBytes(directory, LOCK_NAME);
  // Anything else in its place was not made by btdt, and nobody holds it.
  if (lstat(path)?.kind !== "file") return "missing";
  const lock = openForProbe(path);
  try {
    return lock?.tryLock("exclusive") ?? "missing";
  } finally {
    lock?.close();
  }
}

/** Another user's can be asked through a descriptor for reading, except on file systems that emulate flock. */
function openForProbe(path: ByteString): LockFile | undefined {
  for (const access of ["write", "read"] as const) {
    try {
      return LockFile.open(path, access);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === "ENOENT") return undefined;
      if (access === "read" || !isPermissionErrno(errno)) throw error;
    }
  }
  return undefined;
}
