import type { CacheDirectory } from "../cache/cache-directory.ts";
import { statKeyFile } from "../cache/key-files.ts";
import { errnoOf } from "../fs/errno.ts";
import { emptyStatus, type FileStatus, isUnchanged } from "../fs/native/file-status.ts";
import { type FoundKey, readKey } from "./read-key.ts";

/** Clocks of local file systems advance in steps of a few milliseconds; this is far more. */
const CLOCK_STEP_MS = 2000;

/**
 * Reads keys, and reads one a second time only if its file has changed. A store replaces a key's file with a new one,
 * and a restore sets its time; both change its ctime, which nobody can set. Two changes within one step of the file
 * system's clock would have the same ctime, so a key that changed just before the first look is read again in any case.
 */
export class KnownKeys {
  readonly #cache: CacheDirectory;
  readonly #settledMs: number;
  readonly #known = new Map<string, Extract<FoundKey, { kind: "read" }>>();

  /** @param nowMs a time before the first look, by the file system's clock */
  constructor(cache: CacheDirectory, nowMs: number) {
    this.#cache = cache;
    this.#settledMs = nowMs - CLOCK_STEP_MS;
  }

  /** @throws BtdtError CACHE_FORMAT_NEWER */
  read(name: string): FoundKey {
    const known = this.#known.get(name);
    if (known !== undefined && this.#isSame(name, known.status)) return known;
    const key = readKey(this.#cache, name);
    if (key.kind === "read" && this.#isSettled(key.status)) this.#known.set(name, key);
    else this.#known.delete(name);
    return key;
  }

  #isSettled({ ctimeSeconds }: FileStatus): boolean {
    return (ctimeSeconds + 1) * 1000 < this.#settledMs;
  }

  /** False if it cannot be told. */
  #isSame(name: string, before: FileStatus): boolean {
    try {
      return (
        statKeyFile(this.#cache, name, status) &&
        isUnchanged(before, status) &&
        before.ctimeSeconds === status.ctimeSeconds &&
        before.ctimeNanoseconds === status.ctimeNanoseconds
      );
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      return false;
    }
  }
}

const status = emptyStatus();
