import type { CacheDirectory } from "../cache/cache-directory.ts";
import type { Session } from "../cache/session.ts";
import { errnoOf } from "../fs/errno.ts";
import { filterFinished } from "./finished-marks.ts";
import { flushIfCheap } from "./flush.ts";
import { clearMarks, isOfThisBoot, type UnflushedMark } from "./unflushed-marks.ts";

/**
 * Clears marks whose objects were all hashed just now, unless a flush that is still needed would take long. In a
 * read-only cache they stay.
 * @param marks as they were before the objects were hashed
 */
export function clearCheckedMarks(
  marks: readonly UnflushedMark[],
  cache: CacheDirectory,
  session: Session | undefined,
): void {
  if (cache.isReadOnly) return;
  try {
    const finished = filterFinished(marks, cache, session);
    // What another boot wrote was read from the disk; what this one wrote may still be in memory only.
    clearMarks(
      cache,
      finished.filter((mark) => !isOfThisBoot(mark)),
    );
    flushIfCheap(cache, finished.filter(isOfThisBoot));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}
