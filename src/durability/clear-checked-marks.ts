import type { CacheDirectory } from "../cache/cache-directory.ts";
import type { Session } from "../cache/session.ts";
import { errnoOf } from "../fs/errno.ts";
import { filterFinished } from "./finished-marks.ts";
import { clearMarks, isOfThisBoot, type UnflushedMark } from "./unflushed-marks.ts";

/**
 * Clears marks of other boots whose objects were all found whole in this one. In a read-only cache, they stay.
 * @param marks the marks from before the objects were examined
 */
export function clearCheckedMarks(
  marks: readonly UnflushedMark[],
  cache: CacheDirectory,
  session: Session | undefined,
): void {
  try {
    const others = marks.filter((mark) => !isOfThisBoot(mark));
    clearMarks(cache, filterFinished(others, cache, session));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}
