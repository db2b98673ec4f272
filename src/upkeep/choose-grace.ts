import type { Grace } from "../inventory/find-young.ts";

const MINUTE_MS = 60 * 1000;

/** If the file system has no locks, anything younger counts as in use. */
const GRACE_WITHOUT_LOCKS_MS = 24 * 60 * MINUTE_MS;

/** Network file systems trust what they know of a directory for about a minute. */
const GRACE_WITH_STALE_LISTINGS_MS = 10 * MINUTE_MS;

/** What a clean spares because it is young, by what the cache's file system can do. */
export function chooseGrace(hasLocks: boolean, mayListStale: boolean): Grace {
  return {
    anyMs: hasLocks ? 0 : GRACE_WITHOUT_LOCKS_MS,
    unneededMs: mayListStale ? GRACE_WITH_STALE_LISTINGS_MS : 0,
  };
}
