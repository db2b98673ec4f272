import { LockFile, type LockMode } from "../fs/native/flock.ts";
import type { CacheDirectory } from "./cache-directory.ts";
import { cacheWriteError, readOnlyError } from "./cache-errors.ts";

/**
 * The cache's lock, both sides of it. A clean holds it exclusively while it decides and deletes. A process
 * that publishes something that a clean must see (an intent, a pack, a key) holds it shared for that instant.
 * Everything else, including reading, works without it.
 */

/**
 * Waits for a running clean, and keeps others from starting during `action`, which should take an instant.
 * @throws BtdtError CACHE_WRITE_FAILED, CANCELLED, and what `action` throws
 */
export async function withSharedLock<Result>(
  cache: CacheDirectory,
  isCancelled: () => boolean,
  action: () => Result | Promise<Result>,
): Promise<Result> {
  return await withLock(cache, "shared", isCancelled, action);
}

/**
 * Waits until nobody else holds the lock, and keeps it during `action`.
 * @param action receives whether the file system supports locks; if not, other processes are not excluded
 * @throws BtdtError CACHE_WRITE_FAILED, CANCELLED, and what `action` throws
 */
export async function withExclusiveLock<Result>(
  cache: CacheDirectory,
  isCancelled: () => boolean,
  action: (isSupported: boolean) => Result | Promise<Result>,
): Promise<Result> {
  return await withLock(cache, "exclusive", isCancelled, action);
}

/** Whether no clean holds the lock at the moment; false if there are no locks. @throws BtdtError CACHE_WRITE_FAILED */
export function isLockFree(cache: CacheDirectory): boolean {
  const lock = openLock(cache);
  try {
    return lock.tryLock("shared") === "locked";
  } finally {
    lock.close();
  }
}

async function withLock<Result>(
  cache: CacheDirectory,
  mode: LockMode,
  isCancelled: () => boolean,
  action: (isSupported: boolean) => Result | Promise<Result>,
): Promise<Result> {
  const lock = openLock(cache);
  try {
    return await action((await lock.lock(mode, isCancelled)) === "locked");
  } finally {
    lock.close();
  }
}

function openLock(cache: CacheDirectory): LockFile {
  if (cache.isReadOnly) throw readOnlyError(cache);
  try {
    return LockFile.create(cache.lockFile, cache.access);
  } catch (error) {
    throw cacheWriteError(cache, error);
  }
}
