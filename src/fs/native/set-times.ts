import { ptr } from "bun:ffi";
import type { ByteString } from "../../base/byte-string.ts";
import { errnoOf, isPermissionErrno } from "../errno.ts";
import { lastError } from "./last-error.ts";
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, libc } from "./libc.ts";
import { PathBuffer } from "./path-buffer.ts";

// Two `struct timespec`: access time, then modification time; both fields are 64 bits wide.
const times = new BigInt64Array(new ArrayBuffer(32));
const timesPointer = ptr(times);
const scratchPath = new PathBuffer();

/**
 * Sets the modification time (and the access time to the same) of a file, directory or, without
 * following it, symlink. `node:fs` takes seconds as one floating-point number and so misses by up to 243 ns,
 * and it reads a time before 1970 as "now".
 * @throws a `node:fs` error
 */
export function setMtimeBuffer(path: PathBuffer, mtimeSeconds: number, mtimeNanoseconds: number): void {
  times[0] = times[2] = BigInt(mtimeSeconds);
  times[1] = times[3] = BigInt(mtimeNanoseconds);
  if (libc.utimensat(AT_FDCWD, path.pointer, timesPointer, AT_SYMLINK_NOFOLLOW) === 0) return;
  // Not by way of `node:fs`, which could succeed now, with another time.
  throw lastError("utimensat", path.toBytes());
}

/** The same for a mere note of use: what is gone, or may only be read, stays as it is. @throws a `node:fs` error */
export function touchIfPossible(path: ByteString): void {
  try {
    touch(path);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== "ENOENT" && !isPermissionErrno(errno)) throw error;
  }
}

/**
 * Sets both times to the file system's own now, which may run apart from this machine's clock, and which
 * every user who may write the file can do (an explicit time only its owner can). A symlink is not followed.
 * @throws a `node:fs` error
 */
export function touch(path: ByteString): void {
  if (libc.utimensat(AT_FDCWD, scratchPath.set(path).pointer, null, AT_SYMLINK_NOFOLLOW) === 0) return;
  throw lastError("utimensat", path);
}
