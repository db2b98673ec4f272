import { bytesFromText, joinBytes } from "../base/byte-string.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import type { Session } from "../cache/session.ts";
import { isAbandoned } from "../fs/locked-directory.ts";
import { lstat } from "../fs/native/file-status.ts";
import type { UnflushedMark } from "./unflushed-marks.ts";

/**
 * The marks whose sessions, including the caller's, create no more objects. Only these may be cleared: what a session
 * creates after its mark was cleared would pass for flushed.
 * @throws a `node:fs` error
 */
export function filterFinished(
  marks: readonly UnflushedMark[],
  cache: CacheDirectory,
  own: Session | undefined,
): UnflushedMark[] {
  return marks.filter(({ sessionId }) => {
    if (sessionId === own?.id) return true;
    const directory = joinBytes(cache.sessions, bytesFromText(sessionId));
    return lstat(directory) === undefined || isAbandoned(directory);
  });
}
