import { chmodSync } from "node:fs";
import { type ByteString, fsPath } from "../base/byte-string.ts";
import { errnoOf } from "../fs/errno.ts";
import { type FileStatus, lstat } from "../fs/native/file-status.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { setMtimeBuffer } from "../fs/native/set-times.ts";

/**
 * Gives a directory the mode and time that it had before something was made in it, and removed again. It comes after work that has
 * failed, and must not hide why: where the directory is another user's it keeps its new time.
 */
export function putBackAttributes(directory: ByteString, before: FileStatus): void {
  try {
    if (lstat(directory)?.mode !== before.mode) chmodSync(fsPath(directory), before.mode);
    setMtimeBuffer(new PathBuffer().set(directory), before.mtimeSeconds, before.mtimeNanoseconds);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}
