import { compileLightly } from "../base/compile-lightly.ts";
import type { FileStatus } from "./native/file-status.ts";
import { linuxLibc } from "./native/libc.ts";
import type { PathBuffer } from "./native/path-buffer.ts";
import { chmod } from "./native/path-calls.ts";
import { setMtimeBuffer, trySetOpenMtime } from "./native/set-times.ts";

/** The attributes of a regular file that btdt preserves. */
export interface FileAttributes {
  /** `st_mode & 0o7777`. */
  mode: number;
  sizeBytes: number;
  mtimeSeconds: number;
  mtimeNanoseconds: number;
}

/** Whether a path names a regular file with exactly these attributes. */
export function hasAttributes(status: FileStatus, attributes: FileAttributes): boolean {
  return (
    status.kind === "file" &&
    status.sizeBytes === attributes.sizeBytes &&
    status.mode === attributes.mode &&
    status.mtimeSeconds === attributes.mtimeSeconds &&
    status.mtimeNanoseconds === attributes.mtimeNanoseconds
  );
}

/** Sets mode and mtime; the size follows from what was written. @throws a `node:fs` error */
export function setAttributes(path: PathBuffer, attributes: FileAttributes): void {
  chmod(path.toBytes(), attributes.mode);
  setMtimeBuffer(path, attributes.mtimeSeconds, attributes.mtimeNanoseconds);
}

/** The same for an open file; false if that is impossible, and then perhaps only one of them is set. */
export function trySetOpenAttributes(descriptor: number, attributes: FileAttributes): boolean {
  if (linuxLibc?.fchmod(descriptor, attributes.mode) !== 0) return false;
  return trySetOpenMtime(descriptor, attributes.mtimeSeconds, attributes.mtimeNanoseconds);
}

compileLightly(hasAttributes);
