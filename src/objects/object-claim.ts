import type { ByteString } from "../base/byte-string.ts";
import { errnoOf } from "../fs/errno.ts";
import { LockFile } from "../fs/native/flock.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import { renameToObject } from "./make-shard.ts";

/** A claim lasts for two system calls. A process that holds it longer was stopped, or locks a linked file. */
const MOST_ATTEMPTS = 10;
const WAIT_MS = 2;

/**
 * The right to give an object's name to another file, or to remove it. No system call removes a name only if it still
 * belongs to a certain inode, so a process that examines an object and then removes it could remove a good one that
 * another process has just put there. Every process that replaces or removes an object therefore locks the inode first
 * (`flock`), and then checks that it still has the name. The kernel releases the lock of a killed process.
 */
export class ObjectClaim {
  readonly #object: PathBuffer;
  readonly #file: LockFile;

  private constructor(object: PathBuffer, file: LockFile) {
    this.#object = object;
    this.#file = file;
  }

  /** Opens an object, without claiming it yet. Undefined if it is missing, not a file, or not readable for this user. */
  static open(object: PathBuffer): ObjectClaim | undefined {
    try {
      return new ObjectClaim(object, LockFile.open(object.toBytes(), "read"));
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      return undefined;
    }
  }

  /**
   * `replaced`: the name belongs to another file by now, or to none. `refused`: the file system has no locks, or
   * somebody does not let go.
   */
  take(): "taken" | "replaced" | "refused" {
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
      switch (this.#file.tryLock("exclusive")) {
        case "locked":
          return this.isAt(this.#object) ? "taken" : "replaced";
        case "unsupported":
          return "refused";
        case "busy":
          if (!this.isAt(this.#object)) return "replaced";
          Bun.sleepSync(WAIT_MS);
      }
    }
    return "refused";
  }

  /** Whether a path names the file that was opened. @throws a `node:fs` error */
  isAt(path: PathBuffer): boolean {
    return this.#file.isAt(path);
  }

  close(): void {
    this.#file.close();
  }
}

/**
 * Gives an object's name to a finished file, whatever has that name now. Without a claim, the new object is lost only
 * if another process is dropping a bad one at the same moment, and is killed.
 * @throws a `node:fs` error
 */
export function replaceObject(finished: ByteString, object: PathBuffer): void {
  for (let attempt = 1; ; attempt++) {
    const claim = ObjectClaim.open(object);
    try {
      if (claim?.take() === "replaced" && attempt < MOST_ATTEMPTS) continue;
      renameToObject(finished, object);
      return;
    } finally {
      claim?.close();
    }
  }
}
