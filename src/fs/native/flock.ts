import type { ByteString } from "../../base/byte-string.ts";
import { BtdtError } from "../../base/errors.ts";
import type { AccessPolicy } from "../access-policy.ts";
import { errnoOf, isPermissionErrno } from "../errno.ts";
import { constants } from "../file-constants.ts";
import { createFile, openRegularFile } from "../regular-file.ts";
import { openFile } from "./descriptor-calls.ts";
import { emptyStatus, fstat, isSameFile, lstatBuffer, mtimeMs } from "./file-status.ts";
import { libc } from "./libc.ts";
import type { PathBuffer } from "./path-buffer.ts";
import { closeQuickly } from "./quick-file.ts";

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

  /**
   * Never waits, and never follows a symlink.
   * @param access `any`: for writing or, if it is another user's, for reading, which is enough except on file systems
   * that emulate `flock`
   * @throws a `node:fs` error; EFTYPE if it is not a file
   */
  static open(path: ByteString, access: "write" | "read" | "any"): LockFile {
    try {
      return new LockFile(openRegularFile(path, access === "read" ? constants.O_RDONLY : constants.O_RDWR));
    } catch (error) {
      if (access !== "any" || !isPermissionErrno(errnoOf(error))) throw error;
      return LockFile.open(path, "read");
    }
  }

  /**
   * The same with any access; creates the file if it is missing. An existing one is not opened with O_CREAT, which the
   * kernel refuses for another user's file in a sticky directory (`fs.protected_regular`).
   * @param policy who else may use a new file
   */
  static create(path: ByteString, policy?: AccessPolicy): LockFile {
    try {
      return LockFile.open(path, "any");
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw error;
    }
    try {
      return LockFile.createNew(path, policy);
    } catch (error) {
      // Another process was faster.
      if (errnoOf(error) !== "EEXIST") throw error;
      return LockFile.open(path, "any");
    }
  }

  /** The same for a file that must not exist. @throws a `node:fs` error */
  static createNew(path: ByteString, policy?: AccessPolicy): LockFile {
    return new LockFile(createFile(path, policy));
  }

  /** A directory can be locked, too, except on NFS. Follows no symlink. @throws a `node:fs` error */
  static openDirectory(path: ByteString): LockFile {
    const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    return new LockFile(openFile(path, flags));
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

  /** By the file system's clock. @throws a `node:fs` error */
  mtimeMs(): number {
    fstat(this.#descriptor, own);
    return mtimeMs(own);
  }

  /** Whether a path names this file. @throws a `node:fs` error */
  isAt(path: PathBuffer): boolean {
    fstat(this.#descriptor, own);
    return lstatBuffer(path, other) && isSameFile(own, other);
  }

  close(): void {
    closeQuickly(this.#descriptor);
  }
}
