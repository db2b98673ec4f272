import { closeSync, constants, openSync } from "node:fs";
import { type ByteString, fsPath } from "../../base/byte-string.ts";
import { BtdtError } from "../../base/errors.ts";
import { openRegularFile } from "../regular-file.ts";
import { emptyStatus, fstat, isSameFile, lstatBuffer } from "./file-status.ts";
import { libc } from "./libc.ts";
import type { PathBuffer } from "./path-buffer.ts";

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;

const FIRST_WAIT_MS = 1;
const LONGEST_WAIT_MS = 50;

export type LockMode = "shared" | "exclusive";

/**
 * `unsupported` if the file system has no `flock` at all, like some network file systems: the caller then needs
 * another way to be safe.
 */
export type LockOutcome = "locked" | "busy" | "unsupported";

const own = emptyStatus();
const other = emptyStatus();

/**
 * A file that is held open for its `flock`. The kernel releases the lock when the process ends, for whatever reason,
 * so dead processes lock nothing.
 */
export class LockFile {
  readonly #descriptor: number;

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** Never waits, and never follows a symlink. @throws a `node:fs` error; EFTYPE if it is not a file */
  static open(path: ByteString, access: "create" | "write" | "read"): LockFile {
    const flags =
      access === "create"
        ? constants.O_RDWR | constants.O_CREAT
        : access === "write"
          ? constants.O_RDWR
          : constants.O_RDONLY;
    return new LockFile(openRegularFile(path, flags));
  }

  /** A directory can be locked, too, except on NFS. Follows no symlink. @throws a `node:fs` error */
  static openDirectory(path: ByteString): LockFile {
    const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    return new LockFile(openSync(fsPath(path), flags));
  }

  tryLock(mode: LockMode): LockOutcome {
    const operation = mode === "shared" ? LOCK_SH : LOCK_EX;
    if (libc.flock(this.#descriptor, operation | LOCK_NB) === 0) return "locked";
    // Denied or unsupported? A file system that supports flock always grants an unlock.
    return libc.flock(this.#descriptor, LOCK_UN) === 0 ? "busy" : "unsupported";
  }

  /**
   * Polls for the lock, because a blocking `flock` would keep signals from being handled.
   * @throws BtdtError CANCELLED once `isCancelled` is true
   */
  async lock(mode: LockMode, isCancelled: () => boolean): Promise<"locked" | "unsupported"> {
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
      const outcome = this.tryLock(mode);
      if (outcome !== "busy") return outcome;
      if (isCancelled()) throw new BtdtError("CANCELLED", "stopped while waiting for a lock");
      await Bun.sleep(waitMs);
    }
  }

  /** Whether a path names this file. @throws a `node:fs` error */
  isAt(path: PathBuffer): boolean {
    fstat(this.#descriptor, own);
    return lstatBuffer(path, other) && isSameFile(own, other);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
