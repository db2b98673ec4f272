import { mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { type ByteString, bytesFromText, fsPath, joinBytes } from "../base/byte-string.ts";
import { isDigestHex } from "../base/digest.ts";
import { errnoOf, isPermissionErrno } from "../fs/errno.ts";
import { namesIn } from "../fs/names-in.ts";
import { lstat, mtimeMs } from "../fs/native/file-status.ts";
import { LockFile } from "../fs/native/flock.ts";
import { publishDurably, writeDurably } from "../fs/publish-file.ts";
import { removeTreeQuietly } from "../fs/remove-tree.ts";
import { type CacheDirectory, cacheWriteError } from "./cache-directory.ts";

const SESSION_LOCK_NAME = "lock" as ByteString;
/** While it has this suffix, a session is being made, and cannot be asked whether its process lives. */
const UNFINISHED_SUFFIX = ".new";
/** Making one takes an instant. */
const LONGEST_UNFINISHED_MS = 10 * 60 * 1000;

/**
 * A process that is writing to the cache: a directory of its own for half-written files, with a file in it that the
 * process keeps locked as long as it lives. What a dead process leaves behind is therefore recognised and removed as a
 * whole by the next clean, without waiting.
 *
 * A store's session also holds its *intents*, the manifests it is about to publish: everything that these
 * need is kept by a clean that runs meanwhile.
 */
export class Session {
  readonly directory: ByteString;
  readonly #cache: CacheDirectory;
  readonly #lock: LockFile;
  #temporaryCount = 0;

  private constructor(cache: CacheDirectory, directory: ByteString, lock: LockFile) {
    this.#cache = cache;
    this.directory = directory;
    this.#lock = lock;
  }

  /**
   * The cache must have been prepared for writing. The session gets its name only when it is locked, so that nobody
   * takes it for a dead one.
   * @throws BtdtError CACHE_WRITE_FAILED
   */
  static open(cache: CacheDirectory): Session {
    const directory = joinBytes(cache.sessions, bytesFromText(crypto.randomUUID()));
    const unfinished = `${directory}${UNFINISHED_SUFFIX}` as ByteString;
    try {
      mkdirSync(fsPath(unfinished), { recursive: true });
      const lock = LockFile.open(joinBytes(unfinished, SESSION_LOCK_NAME), "create");
      // Without flock a clean goes by the session's age instead.
      lock.tryLock("exclusive");
      renameSync(fsPath(unfinished), fsPath(directory));
      return new Session(cache, directory, lock);
    } catch (error) {
      removeTreeQuietly(unfinished);
      throw cacheWriteError(cache, error);
    }
  }

  /** A path in the session's directory that nothing has yet. */
  temporaryPath(): ByteString {
    this.#temporaryCount += 1;
    return joinBytes(this.directory, bytesFromText(`t${this.#temporaryCount}`));
  }

  /** Where the intent of a manifest is. */
  intentPath(digest: string): ByteString {
    return joinBytes(this.directory, bytesFromText(digest));
  }

  /**
   * Makes an intent known. It waits for a clean that is under way, because that one has already looked at the
   * intents; from then on no clean removes what the manifest needs, until the session is closed.
   * @param digest the manifest's
   * @throws BtdtError CACHE_WRITE_FAILED, CANCELLED
   */
  async publishIntent(digest: string, manifestFile: Uint8Array, isCancelled: () => boolean): Promise<void> {
    try {
      const temporary = this.temporaryPath();
      writeDurably(temporary, manifestFile);
      await this.whileNoClean(isCancelled, () => {
        publishDurably(temporary, this.intentPath(digest));
      });
    } catch (error) {
      throw cacheWriteError(this.#cache, error);
    }
  }

  /**
   * Waits for a clean that is under way and lets no other begin meanwhile. For what takes an instant.
   * @throws BtdtError CACHE_WRITE_FAILED, CANCELLED, and what `action` throws
   */
  async whileNoClean(isCancelled: () => boolean, action: () => void): Promise<void> {
    try {
      const lock = LockFile.open(this.#cache.lockFile, "create");
      try {
        await lock.lock("shared", isCancelled);
        action();
      } finally {
        lock.close();
      }
    } catch (error) {
      throw cacheWriteError(this.#cache, error);
    }
  }

  /** Removes the session with all its half-written files. */
  close(): void {
    removeTreeQuietly(this.directory);
    this.#lock.close();
  }
}

/** A session as somebody else sees it. */
export interface SessionTrace {
  readonly directory: ByteString;
  /** Its process has ended, so that nothing in it will ever be used. */
  readonly isDead: boolean;
  /** The bytes of the manifests it is about to publish. */
  readonly intents: readonly Uint8Array[];
}

/**
 * All sessions there are. To be asked under the exclusive lock, when no intent can appear.
 * @param graceMs how long a session whose lock tells nothing is taken to be alive
 * @throws a `node:fs` error
 */
export function listSessions(cache: CacheDirectory, nowMs: number, graceMs: number): SessionTrace[] {
  const traces: SessionTrace[] = [];
  for (const text of namesIn(cache.sessions)) {
    const directory = joinBytes(cache.sessions, bytesFromText(text));
    try {
      const status = lstat(directory);
      if (status?.kind !== "directory") continue;
      const ageMs = nowMs - mtimeMs(status);
      const isDead = text.endsWith(UNFINISHED_SUFFIX)
        ? ageMs > Math.max(graceMs, LONGEST_UNFINISHED_MS)
        : ageMs >= graceMs && isUnlocked(directory);
      traces.push({ directory, isDead, intents: isDead ? [] : readIntents(directory) });
    } catch (error) {
      // It was closed just now.
      if (errnoOf(error) !== "ENOENT") throw error;
    }
  }
  return traces;
}

function isUnlocked(directory: ByteString): boolean {
  const lock = openSessionLock(joinBytes(directory, SESSION_LOCK_NAME));
  try {
    return lock.tryLock("exclusive") !== "busy";
  } finally {
    lock.close();
  }
}

/** Another user's can be asked through a descriptor for reading, but for file systems that emulate flock. */
function openSessionLock(path: ByteString): LockFile {
  try {
    return LockFile.open(path, "write");
  } catch (error) {
    if (!isPermissionErrno(errnoOf(error))) throw error;
    return LockFile.open(path, "read");
  }
}

function readIntents(directory: ByteString): Uint8Array[] {
  const names = namesIn(directory).filter(isDigestHex);
  return names.map((name) => readFileSync(fsPath(joinBytes(directory, bytesFromText(name)))));
}

/** @throws a `node:fs` error */
export function removeSession(trace: SessionTrace): void {
  rmSync(fsPath(trace.directory), { recursive: true, force: true });
}
