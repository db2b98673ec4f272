import type { CacheDirectory } from "../cache/cache-directory.ts";
import { withExclusiveLock } from "../cache/cache-lock.ts";
import { mayListStale } from "../fs/native/local-file-system.ts";
import type { Grace } from "../inventory/find-young.ts";

const MINUTE_MS = 60 * 1000;
/** If the file system has no locks, anything younger counts as in use. */
const GRACE_WITHOUT_LOCKS_MS = 24 * 60 * MINUTE_MS;
/** Network file systems trust what they know of a directory for up to a minute or so. */
const GRACE_WITH_STALE_LISTINGS_MS = 10 * MINUTE_MS;

/**
 * Runs `work` under the cache's exclusive lock, with the grace period that the file system requires.
 * @throws BtdtError CACHE_WRITE_FAILED, CANCELLED, and what `work` throws; a `node:fs` error
 */
export async function withCleanLock<Result>(
  cache: CacheDirectory,
  isCancelled: () => boolean,
  work: (grace: Grace) => Promise<Result>,
): Promise<Result> {
  return await withExclusiveLock(cache, isCancelled, (hasLocks) => {
    return work(chooseGrace(hasLocks, mayListStale(cache.root)));
  });
}

export function chooseGrace(hasLocks: boolean, mayBeStale: boolean): Grace {
  return {
    anyMs: hasLocks ? 0 : GRACE_WITHOUT_LOCKS_MS,
    unneededMs: mayBeStale ? GRACE_WITH_STALE_LISTINGS_MS : 0,
  };
}
