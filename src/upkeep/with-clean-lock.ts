import type { CacheDirectory } from "../cache/cache-directory.ts";
import { withExclusiveLock } from "../cache/cache-lock.ts";
import type { Grace } from "../inventory/find-young.ts";

/** If the file system has no locks, anything younger counts as in use. */
const GRACE_WITHOUT_LOCKS_MS = 24 * 60 * 60 * 1000;

/**
 * Runs `work` under the cache's exclusive lock, with the grace period that the file system requires.
 * @throws BtdtError CACHE_WRITE_FAILED, CANCELLED, and what `work` throws
 */
export async function withCleanLock<Result>(
  cache: CacheDirectory,
  isCancelled: () => boolean,
  work: (grace: Grace) => Promise<Result>,
): Promise<Result> {
  return await withExclusiveLock(cache, isCancelled, (isSupported) =>
    work({ anyMs: isSupported ? 0 : GRACE_WITHOUT_LOCKS_MS, unneededMs: 0 }),
  );
}
