import { chmodSync } from "node:fs";
import { type ByteString, fsPath } from "../base/byte-string.ts";
import { ignoringErrno } from "../fs/errno.ts";
import { type FileStatus, lstat } from "../fs/native/file-status.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { setMtimeBuffer } from "../fs/native/set-times.ts";

/**
 * Restores the mode and time of a directory after something was created in it and removed again. Like `putBackMode`,
 * it runs after a failure, and must not hide it: in another user's directory, nothing is put back.
 */
export function putBackAttributes(directory: ByteString, before: FileStatus): void {
  putBackMode(directory, before.mode);
  ignoringErrno(() => {
    setMtimeBuffer(new PathBuffer().set(directory), before.mtimeSeconds, before.mtimeNanoseconds);
  });
}

export function putBackMode(directory: ByteString, mode: number): void {
  ignoringErrno(() => {
    if (lstat(directory)?.mode !== mode) chmodSync(fsPath(directory), mode);
  });
}
