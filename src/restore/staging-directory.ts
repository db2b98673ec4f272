import { mkdirSync, readdirSync, renameSync } from "node:fs";
import { type ByteString, bytesFromBuffer, bytesFromText, fsPath, joinBytes } from "../base/byte-string.ts";
import { isStagingName, STAGING_PREFIX } from "../base/staging-name.ts";
import { errnoOf } from "../fs/errno.ts";
import { lstat, mtimeMs } from "../fs/native/file-status.ts";
import { LockFile } from "../fs/native/flock.ts";
import { removeTree, removeTreeQuietly } from "../fs/remove-tree.ts";

/** Making one takes an instant; a process that was killed in it has left what is older. */
const UNFINISHED_GRACE_MS = 10 * 60 * 1000;
/** While it has this suffix, a staging directory is being made and not locked yet. */
const UNFINISHED_SUFFIX = ".new";
const LOCK_NAME = "lock" as ByteString;

/**
 * A hidden directory next to where a tree will stand, so that the tree can be moved there in one step. It is
 * locked as long as its process lives: what a killed restore has left is removed by the next one at the same place.
 */
export class StagingDirectory {
  readonly #directory: ByteString;
  readonly #lock: LockFile;
  #isClosed = false;

  private constructor(directory: ByteString, lock: LockFile) {
    this.#directory = directory;
    this.#lock = lock;
  }

  /** @throws a `node:fs` error */
  static create(parent: ByteString): StagingDirectory {
    removeAbandoned(parent);
    const directory = joinBytes(parent, bytesFromText(`${STAGING_PREFIX}${crypto.randomUUID()}`));
    const unfinished = `${directory}${UNFINISHED_SUFFIX}` as ByteString;
    mkdirSync(fsPath(unfinished), { mode: 0o777 });
    try {
      const lock = LockFile.open(joinBytes(unfinished, LOCK_NAME), "create");
      lock.tryLock("exclusive");
      const status = lstat(unfinished);
      if (status !== undefined) removeUnfinished(parent, mtimeMs(status));
      renameSync(fsPath(unfinished), fsPath(directory));
      return new StagingDirectory(directory, lock);
    } catch (error) {
      removeTreeQuietly(unfinished);
      throw error;
    }
  }

  /** Where the tree, or the single file, is to be made; nothing is there yet. */
  get tree(): ByteString {
    return joinBytes(this.#directory, "tree" as ByteString);
  }

  /** May be called again, which does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    removeTreeQuietly(this.#directory);
    this.#lock.close();
  }
}

/** First of all, because on a full disk it makes the room that is needed. */
function removeAbandoned(parent: ByteString): void {
  for (const name of stagingNamesIn(parent)) {
    if (name.endsWith(UNFINISHED_SUFFIX)) continue;
    const directory = joinBytes(parent, name);
    ignoringFileErrors(() => {
      const lock = LockFile.open(joinBytes(directory, LOCK_NAME), "write");
      try {
        if (lock.tryLock("exclusive") === "locked") removeTree(directory);
      } finally {
        lock.close();
      }
    });
  }
}

/** @param nowMs by the file system's own clock, which may run apart from this machine's */
function removeUnfinished(parent: ByteString, nowMs: number): void {
  for (const name of stagingNamesIn(parent)) {
    const directory = joinBytes(parent, name);
    ignoringFileErrors(() => {
      const status = lstat(directory);
      if (!name.endsWith(UNFINISHED_SUFFIX) || status === undefined) return;
      if (nowMs - mtimeMs(status) > UNFINISHED_GRACE_MS) removeTree(directory);
    });
  }
}

function stagingNamesIn(parent: ByteString): ByteString[] {
  const names = readdirSync(fsPath(parent), { encoding: "buffer" }).map((name) => bytesFromBuffer(name));
  return names.filter(isStagingName);
}

/** Leftovers that are another user's, or were removed by another restore just now, are not ours to care for. */
function ignoringFileErrors(remove: () => void): void {
  try {
    remove();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}
