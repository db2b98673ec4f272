import { type ByteString, bytesFromText, joinBytes } from "../base/byte-string.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { LockedDirectory } from "../fs/locked-directory.ts";
import { lstat } from "../fs/native/file-status.ts";

/**
 * A directory for trying out what a volume can do, which is removed afterwards. In a cache that is in use, it is a
 * session, so that a clean removes what a killed process leaves; in an empty one, a separate hidden directory, so
 * that the cache stays empty.
 */
export class TrialDirectory {
  readonly #directory: LockedDirectory;
  #count = 0;

  private constructor(directory: LockedDirectory) {
    this.#directory = directory;
  }

  /** @throws a `node:fs` error */
  static create(cache: CacheDirectory): TrialDirectory {
    const id = crypto.randomUUID();
    const path =
      lstat(cache.sessions) === undefined
        ? joinBytes(cache.path, bytesFromText(`.btdt-doctor-${id}`))
        : joinBytes(cache.sessions, bytesFromText(id));
    return new TrialDirectory(LockedDirectory.create(path, cache.access));
  }

  /** A file that is locked. */
  get lockFile(): ByteString {
    return this.#directory.lockFile;
  }

  /** When it was made, by the clock of the file system. */
  get madeMs(): number {
    return this.#directory.madeMs;
  }

  /** An unused path. */
  temporaryPath(): ByteString {
    this.#count += 1;
    return joinBytes(this.#directory.path, bytesFromText(`t${this.#count}`));
  }

  close(): void {
    this.#directory.close();
  }
}
