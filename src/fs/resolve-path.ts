import type { ByteString } from "../base/byte-string.ts";
import { readRealPath } from "./native/real-path.ts";

/**
 * Makes a path absolute and free of symlinks, using the system's implementation: the one without `native` drops a
 * name before `..` from the text, although it may be a symlink that leads elsewhere.
 * @throws a `node:fs` error if it does not exist
 */
export function resolvePath(path: ByteString): ByteString {
  return readRealPath(path);
}

/** Whether a resolved path is the other one, or below it. */
export function isWithin(path: ByteString, ancestor: ByteString): boolean {
  return path === ancestor || path.startsWith(ancestor === "/" ? ancestor : `${ancestor}/`);
}
