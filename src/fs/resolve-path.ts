import { realpathSync } from "node:fs";
import { type ByteString, bytesFromBuffer, fsPath } from "../base/byte-string.ts";

/**
 * Absolute and free of symlinks, by the system's own way: the other one, without `native`, drops a name before `..` from the text,
 * although it may be a symlink that leads elsewhere.
 * @throws a `node:fs` error when it does not exist
 */
export function resolvePath(path: ByteString): ByteString {
  return bytesFromBuffer(realpathSync.native(fsPath(path), { encoding: "buffer" }));
}

/** Whether a resolved path is another resolved one or lies below it. */
export function isWithin(path: ByteString, ancestor: ByteString): boolean {
  return path === ancestor || path.startsWith(ancestor === "/" ? ancestor : `${ancestor}/`);
}
