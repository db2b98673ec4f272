import { mkdirSync, readdirSync, renameSync } from "node:fs";
import { type ByteString, bytesFromBuffer, bytesFromText, fsPath, joinBytes } from "../base/byte-string.ts";
import { errnoOf } from "../fs/errno.ts";
import { LockFile } from "../fs/flock.ts";
import { removeTree, removeTreeQuietly } from "../fs/remove-tree.ts";

const PREFIX = ".btdt-restore-";
/** While it has this suffix, a staging directory is being made and not locked yet. */
const UNFINISHED_SUFFIX = ".new";
const LOCK_NAME = "lock" as ByteString;

/** Names of this form at the top of a destination are btdt's own. */
export function isStagingName(name: ByteString): boolean {
  return name.startsWith(PREFIX);
}

/**
 * A hidden directory next to where a tree will stand, so that the tree can be moved there in one step. It is
 * locked as long as its process lives: what a killed restore has left is removed by the next one at the same place.
 */
export class StagingDirectory {
  readonly #directory: ByteString;
  readonly #lock: LockFile;

  private constructor(directory: ByteString, lock: LockFile) {
    this.#directory = directory;
    this.#lock = lock;
  }

  /** @throws a `node:fs` error */
  static create(parent: ByteString): StagingDirectory {
    removeAbandoned(parent);
    const directory = joinBytes(parent, bytesFromText(`${PREFIX}${crypto.randomUUID()}`));
    const unfinished = `${directory}${UNFINISHED_SUFFIX}` as ByteString;
    mkdirSync(fsPath(unfinished), { mode: 0o777 });
    try {
      const lock = LockFile.open(joinBytes(unfinished, LOCK_NAME), "create");
      lock.tryLock("exclusive");
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

  close(): void {
    removeTreeQuietly(this.#directory);
    this.#lock.close();
  }
}

function removeAbandoned(parent: ByteString): void {
  const names = readdirSync(fsPath(parent), { encoding: "buffer" }).map((name) => bytesFromBuffer(name));
  for (const name of names) {
    if (!isStagingName(name) || name.endsWith(UNFINISHED_SUFFIX)) continue;
    const directory = joinBytes(parent, name);
    try {
      const lock = LockFile.open(joinBytes(directory, LOCK_NAME), "write");
      try {
        if (lock.tryLock("exclusive") === "locked") removeTree(directory);
      } finally {
        lock.close();
      }
    } catch (error) {
      // Another user's, or removed by another restore just now: not ours to care for.
      if (errnoOf(error) === undefined) throw error;
    }
  }
}
