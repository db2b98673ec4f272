import { type ByteString, joinBytes } from "../base/byte-string.ts";
import { type AccessPolicy, makeDirectoryWith } from "./access-policy.ts";
import { errnoOf, ignoringErrno } from "./errno.ts";
import { namesIn } from "./names-in.ts";
import { lstat, mtimeMs } from "./native/file-status.ts";
import { LockFile } from "./native/flock.ts";
import { mkdir, rename, rmdir, unlink } from "./native/path-calls.ts";
import { touch } from "./native/set-times.ts";
import { hasMostlyWaited, readThreadTimes } from "./native/thread-waits.ts";
import { discardTree, removeContents } from "./remove-tree.ts";

/** A directory with this suffix is being created, and not locked yet. */
const UNFINISHED_SUFFIX = ".new";
const LOCK_NAME = "lock" as ByteString;
/** Creating one takes an instant; a directory that is unfinished for longer was abandoned. */
const UNFINISHED_GRACE_MS = 10 * 60 * 1000;
/** If the file system has no locks, only the age tells whether the process is still alive. */
const LOCKLESS_GRACE_MS = 24 * 60 * 60 * 1000;

/** Containers that do not end in ten seconds are killed; a local disk needs one for 80,000 files. */
const LONGEST_HURRY_MS = 5000;
/** The same where operations take so long that little would be removed anyway. */
const LONGEST_SLOW_HURRY_MS = 500;

/**
 * A directory that belongs to one process. Anyone can tell that it is abandoned once that process has ended, for
 * whatever reason: it contains a file that is locked (`flock`) while the process lives.
 *
 * At any moment the directory is in one of these states, so that what a killed process leaves can always be removed:
 * - `NAME.new`, being created: abandoned if it is old.
 * - `NAME` with `lock`: abandoned if the lock is free. It gets this name only after it is locked, and `lock` is the
 *   last file to be removed.
 * - `NAME` without `lock`: empty, between the last two steps of its removal. If it is not empty, it was removed in a
 *   different order, or its listing is incomplete: abandoned if it is old.
 */
export class LockedDirectory {
  readonly path: ByteString;
  /** The time of its creation by the file system's clock, which may differ from this machine's. */
  readonly madeMs: number;
  readonly #lock: LockFile;
  #isClosed = false;

  private constructor(path: ByteString, madeMs: number, lock: LockFile) {
    this.path = path;
    this.madeMs = madeMs;
    this.#lock = lock;
  }

  /**
   * @param path must not exist; its parent must
   * @param policy who else may use it, and remove it once it is abandoned
   * @throws a `node:fs` error
   */
  static create(path: ByteString, policy?: AccessPolicy): LockedDirectory {
    const unfinished = `${path}${UNFINISHED_SUFFIX}` as ByteString;
    if (policy === undefined) mkdir(unfinished);
    let lock: LockFile | undefined;
    try {
      if (policy !== undefined) makeDirectoryWith(policy, unfinished);
      lock = LockFile.createNew(joinBytes(unfinished, LOCK_NAME), policy);
      lock.tryLock("exclusive");
      const madeMs = lock.mtimeMs();
      rename(unfinished, path);
      return new LockedDirectory(path, madeMs, lock);
    } catch (error) {
      lock?.close();
      discardTree(unfinished);
      throw error;
    }
  }

  get lockFile(): ByteString {
    return joinBytes(this.path, LOCK_NAME);
  }

  /** The current time by the file system's clock, in milliseconds; that of its creation if the file system fails. */
  readClock(): number {
    let nowMs = this.madeMs;
    ignoringErrno(() => {
      touch(this.lockFile);
      const status = lstat(this.lockFile);
      if (status !== undefined) nowMs = mtimeMs(status);
    });
    return nowMs;
  }

  /**
   * Removes it with everything in it; what cannot be removed is left as abandoned. Calling it again does nothing.
   * @param isHurried the process was asked to end: anything that takes long is left as well
   */
  close(isHurried = false): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    ignoringErrno(() => {
      const isOverdue = isHurried ? createHurryCheck() : undefined;
      let isEmpty = false;
      try {
        isEmpty = removeContents(this.path, LOCK_NAME, isOverdue);
      } finally {
        // Before unlinking it: FUSE and NFS rename an open file within the directory instead of removing it.
        this.#lock.close();
      }
      if (isEmpty) removeEmptied(this.path);
    });
  }
}

/**
 * Whether the process that created a directory has ended.
 * @param nowMs by the file system's clock; if omitted, nothing counts as old
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
      // Or gone by now: its process has just removed it.
      return ageMs > UNFINISHED_GRACE_MS || namesIn(path).length === 0;
  }
}

/**
 * Removes an abandoned directory, `lock` last, so that after being killed it is still recognised as abandoned. Its
 * own process may be removing it as well: the lock is free shortly before the directory is gone.
 * @param isOverdue see `removeContents`
 * @returns false if it was stopped
 * @throws a `node:fs` error; the rest is left for the next attempt
 */
export function removeAbandoned(path: ByteString, isOverdue?: () => boolean): boolean {
  try {
    if (!removeContents(path, LOCK_NAME, isOverdue)) return false;
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
  removeEmptied(path);
  return true;
}

function createHurryCheck(): () => boolean {
  const startNs = Bun.nanoseconds();
  const before = readThreadTimes();
  return () => {
    const ageMs = (Bun.nanoseconds() - startNs) / 1e6;
    if (ageMs < LONGEST_SLOW_HURRY_MS) return false;
    return ageMs > LONGEST_HURRY_MS || hasMostlyWaited(before, readThreadTimes());
  };
}

function removeEmptied(path: ByteString): void {
  unlessGone(() => unlink(joinBytes(path, LOCK_NAME)));
  unlessGone(() => {
    try {
      rmdir(path);
    } catch (error) {
      if (errnoOf(error) !== "ENOTEMPTY") throw error;
      // Its listing was incomplete. Without a lock, it would count as alive until it is old.
      removeContents(path);
      rmdir(path);
    }
  });
}

function unlessGone(remove: () => void): void {
  try {
    remove();
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
}

function probeLock(directory: ByteString): ReturnType<LockFile["tryLock"]> | "missing" {
  const path = joinBytes(directory, LOCK_NAME);
  // Anything else in its place was not created by btdt, and is not locked.
  if (lstat(path)?.kind !== "file") return "missing";
  const lock = openForProbe(path);
  try {
    return lock?.tryLock("exclusive") ?? "missing";
  } finally {
    lock?.close();
  }
}

function openForProbe(path: ByteString): LockFile | undefined {
  try {
    return LockFile.open(path, "any");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
