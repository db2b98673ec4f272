import type { CacheDirectory } from "../cache/cache-directory.ts";
import { errnoOf } from "../fs/errno.ts";
import { clearMarks, isOfThisBoot, listUnflushedMarks } from "./unflushed-marks.ts";

/**
 * All objects of a manifest were found right in this boot: what other boots left in doubt about them is settled. In a cache
 * that may only be read the marks stay.
 */
export function clearCheckedMarks(cache: CacheDirectory, digest: string): void {
  try {
    const marks = listUnflushedMarks(cache);
    clearMarks(
      cache,
      marks.filter((mark) => mark.digest === digest && !isOfThisBoot(mark)),
    );
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}
