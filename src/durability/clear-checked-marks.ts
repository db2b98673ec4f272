import type { CacheDirectory } from "../cache/cache-directory.ts";
import { errnoOf } from "../fs/errno.ts";
import { clearMarks, isOfThisBoot, listUnflushedMarks } from "./unflushed-marks.ts";

/**
 * All objects of a manifest were found whole in this boot, so what other boots left in doubt is settled. In a
 * read-only cache, the marks stay.
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
