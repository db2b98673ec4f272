import { display } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { Session } from "../cache/session.ts";
import { errnoOf, isDiskFullErrno } from "../fs/errno.ts";

/** Whether an operation failed because a volume has no free block, inode or quota. */
export function isDiskFull(error: unknown): boolean {
  return isDiskFullErrno(errnoOf(error instanceof BtdtError ? error.cause : error));
}

/** Undefined if the cache's volume is full. @throws BtdtError CACHE_WRITE_FAILED */
export function openSessionIfRoom(cache: CacheDirectory): Session | undefined {
  return unlessFull(() => Session.open(cache));
}

/** Returns undefined if it fails because the volume is full. */
export function unlessFull<Result>(action: () => Result): Result | undefined {
  try {
    return action();
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    return undefined;
  }
}

/** What a clean that cannot make room says: the usual hint, to run a clean, would not help. */
export function cannotMakeRoom(cache: CacheDirectory, error: unknown): BtdtError {
  const path = display(cache.path);
  return new BtdtError("CACHE_WRITE_FAILED", `cannot clean the cache ${path}: its volume is full`, {
    path,
    hint: "delete something else on the volume, or enlarge it",
    cause: error,
  });
}
