import type { ByteString } from "../base/byte-string.ts";
import { simplifyPath } from "../base/simplify-path.ts";
import { errnoOf } from "../fs/errno.ts";
import { resolvePath } from "../fs/resolve-path.ts";

/** As many names as the longest rule has. */
const MOST_REAL_NAMES = 3;

/**
 * The names of directories by which a place is known: those of the path that the user wrote, or those of the directory
 * itself if the path does not say it, like `.` or `../..`.
 */
export function placeNames(given: ByteString): ByteString[] {
  const written = namesOf(simplifyPath(given));
  const last = written.at(-1);
  if (last !== undefined && last !== ".." && last !== ".") return written;
  try {
    return namesOf(resolvePath(given)).slice(-MOST_REAL_NAMES);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return [];
  }
}

function namesOf(path: string): ByteString[] {
  return path.split("/").filter((name) => name !== "") as ByteString[];
}
