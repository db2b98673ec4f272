import { closeSync, constants } from "node:fs";
import type { ByteString } from "../../base/byte-string.ts";
import { BtdtError } from "../../base/errors.ts";
import { openRegularFile } from "../regular-file.ts";
import { libc } from "./libc.ts";

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;

const FIRST_WAIT_MS = 1;
const LONGEST_WAIT_MS = 50;

export type LockMode = "shared" | "exclusive";

/**
 * `unsupported` when the file system has no `flock` at all (some network file systems): the caller then
 * needs another way to be safe.
 */
export type LockOutcome = "locked" | "busy" | "unsupported";

/**
 * A file that is held open for its `flock`. The kernel drops the lock when the process ends, however it
 * ends, so nothing is ever left locked by the dead.
 */
export class LockFile {
  readonly #descriptor: number;

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** Never waits, nor through a symlink. @throws a `node:fs` error; EFTYPE for what is not a file */
  static open(path: ByteString, access: "create" | "write" | "read"): LockFile {
    const flags =
      access === "create"
        ? constants.O_RDWR | constants.O_CREAT
        : access === "write"
          ? constants.O_RDWR
          : constants.O_RDONLY;
    return new LockFile(openRegularFile(path, flags));
  }

  tryLock(mode: LockMode): LockOutcome {
    const operation = mode === "shared" ? LOCK_SH : LOCK_EX;
    if (libc.flock(this.#descriptor, operation | LOCK_NB) === 0) return "locked";
    // Refused, or not supported? Whoever supports flock always grants an unlock.
    return libc.flock(this.#descriptor, LOCK_UN) === 0 ? "busy" : "unsupported";
  }

  /**
   * Waits for the lock by asking again and again, because a blocking `flock` would keep signals from being
   * handled.
   * @throws BtdtError CANCELLED when `isCancelled` turns true
   */
  async lock(mode: LockMode, isCancelled: () => boolean): Promise<"locked" | "unsupported"> {
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
      const outcome = this.tryLock(mode);
      if (outcome !== "busy") return outcome;
      if (isCancelled()) throw new BtdtError("CANCELLED", "stopped while waiting for a lock");
      await Bun.sleep(waitMs);
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
