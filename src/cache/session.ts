import { type ByteString, bytesFromText, joinBytes } from "../base/byte-string.ts";
import { errnoOf } from "../fs/errno.ts";
import { LockedDirectory } from "../fs/locked-directory.ts";
import type { CacheDirectory } from "./cache-directory.ts";
import { cacheWriteError, readOnlyError } from "./cache-errors.ts";

/**
 * A process that is writing to the cache, and its own directory for unfinished files. What a dead process leaves is
 * recognised and removed as a whole by the next clean, without waiting.
 *
 * A store's session also contains its *intents*, the manifests that it is about to publish: a concurrent clean keeps
 * everything that they need.
 */
export class Session {
  readonly #directory: LockedDirectory;
  #temporaryCount = 0;

  private constructor(directory: LockedDirectory) {
    this.#directory = directory;
  }

  /** The cache must have been prepared for writing. @throws BtdtError CACHE_WRITE_FAILED */
  static open(cache: CacheDirectory): Session {
    if (cache.isReadOnly) throw readOnlyError(cache);
    try {
      return new Session(createDirectory(cache));
    } catch (error) {
      throw cacheWriteError(cache, error);
    }
  }

  /** The name of its directory, which is unique. */
  get id(): string {
    return this.directory.slice(this.directory.lastIndexOf("/") + 1);
  }

  get directory(): ByteString {
    return this.#directory.path;
  }

  /** By the clock of the cache's file system. */
  get openedMs(): number {
    return this.#directory.madeMs;
  }

  /** The current time by the clock of the cache's file system, in milliseconds. */
  readClock(): number {
    return this.#directory.readClock();
  }

  /** A file of this process, locked while the session is open. */
  get lockFile(): ByteString {
    return this.#directory.lockFile;
  }

  /** An unused path in the session's directory. */
  temporaryPath(): ByteString {
    this.#temporaryCount += 1;
    return joinBytes(this.directory, bytesFromText(`t${this.#temporaryCount}`));
  }

  /** The path of a manifest's intent. */
  intentPath(digest: string): ByteString {
    return joinBytes(this.directory, bytesFromText(digest));
  }

  /** Removes the session with all its unfinished files. @param isHurried see `LockedDirectory.close` */
  close(isHurried = false): void {
    this.#directory.close(isHurried);
  }
}

/** If someone has tidied up the cache, the directory of sessions may be missing. */
function createDirectory(cache: CacheDirectory): LockedDirectory {
  const path = joinBytes(cache.sessions, bytesFromText(crypto.randomUUID()));
  try {
    return LockedDirectory.create(path, cache.access);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
    cache.makeDirectory(cache.sessions);
    return LockedDirectory.create(path, cache.access);
  }
}
