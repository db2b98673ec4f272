import { isBtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { cacheWriteError } from "../cache/cache-errors.ts";
import { errnoOf } from "../fs/errno.ts";
import { syncFileSystem } from "../fs/native/sync-file-system.ts";
import { nodeFs } from "../fs/node-fs.ts";
import { clearMarks, listUnflushedMarks, type UnflushedMark } from "./unflushed-marks.ts";

/** Even a slow disk writes this in a fraction of a second. */
const CHEAP_FLUSH_BYTES = 16 * 1024 * 1024;

/**
 * Makes all objects durable that a session created or relied on under its marks, and clears the marks.
 * @param isAnythingNew false if it created none and found no suspects: then there is nothing to flush, unless other
 * sessions created what it found
 * @throws BtdtError CACHE_WRITE_FAILED
 */
export function flush(cache: CacheDirectory, marks: readonly UnflushedMark[], isAnythingNew: boolean): void {
  if (marks.length === 0) return;
  try {
    if (isAnythingNew || listUnflushedMarks(cache).length > marks.length) syncFileSystem(cache.root);
    clearMarks(cache, marks);
  } catch (error) {
    throw cacheWriteError(cache, error);
  }
}

/**
 * The same, if the kernel has written nearly everything by now. This is opportunistic: if it fails, nothing is wrong.
 * @param marks of this session, or of finished ones whose objects were all hashed just now
 */
export function flushIfCheap(cache: CacheDirectory, marks: readonly UnflushedMark[]): void {
  try {
    if (marks.length === 0 || unwrittenBytes() > CHEAP_FLUSH_BYTES) return;
    syncFileSystem(cache.root);
    clearMarks(cache, marks);
  } catch (error) {
    if (errnoOf(error) === undefined && !isBtdtError(error, "SYSTEM")) throw error;
  }
}

/** Of all file systems on this machine. If unknown, assume a lot. */
function unwrittenBytes(): number {
  try {
    const text = nodeFs().readFileSync("/proc/meminfo", "latin1");
    const [dirty, writeback] = ["Dirty", "Writeback"].map((name) =>
      Number(new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(text)?.[1]),
    );
    const bytes = ((dirty ?? Number.NaN) + (writeback ?? Number.NaN)) * 1024;
    return Number.isNaN(bytes) ? Number.POSITIVE_INFINITY : bytes;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return Number.POSITIVE_INFINITY;
  }
}
