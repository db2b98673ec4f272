import { ptr } from "bun:ffi";
import type { ByteString } from "../../base/byte-string.ts";
import { errnoOf } from "../errno.ts";
import { lastError } from "./last-error.ts";
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, libc, linuxLibc } from "./libc.ts";
import { PathBuffer } from "./path-buffer.ts";

// Two `struct timespec`: access time, then modification time; both fields are 64 bits wide.
const times = new BigInt64Array(new ArrayBuffer(32));
const timesPointer = ptr(times);
// The same, written as halves: a BigInt for each of many files would be garbage.
const halves = new Uint32Array(times.buffer);
const TWO_TO_32 = 0x1_0000_0000;
const scratchPath = new PathBuffer();

/**
 * Sets the modification time (and, to the same value, the access time) of a file, a directory or, without following
 * it, a symlink. `node:fs` takes seconds as one floating-point number, which is off by up to 243 ns, and reads times
 * before 1970 as "now".
 * @throws a `node:fs` error
 */
export function setMtimeBuffer(path: PathBuffer, mtimeSeconds: number, mtimeNanoseconds: number): void {
  times[0] = times[2] = BigInt(mtimeSeconds);
  times[1] = times[3] = BigInt(mtimeNanoseconds);
  if (libc.utimensat(AT_FDCWD, path.pointer, timesPointer, AT_SYMLINK_NOFOLLOW) === 0) return;
  // Not repeated through `node:fs`, which might succeed with a different time.
  throw lastError("utimensat", path.toBytes());
}

/** The same for an open file; returns false if that is impossible. */
export function trySetOpenMtime(descriptor: number, mtimeSeconds: number, mtimeNanoseconds: number): boolean {
  halves[0] = halves[4] = mtimeSeconds;
  halves[1] = halves[5] = Math.floor(mtimeSeconds / TWO_TO_32);
  halves[2] = halves[6] = mtimeNanoseconds;
  halves[3] = halves[7] = 0;
  return linuxLibc?.futimens(descriptor, timesPointer) === 0;
}

/** Sets both times of an open file to the file system's current time, if possible. */
export function touchOpen(descriptor: number): void {
  linuxLibc?.futimens(descriptor, null);
}

/**
 * Notes that a file was used. If that is impossible (the file is gone or read-only, or the disk has an error), it
 * merely counts as unused for longer than it is, which must not fail whatever uses it.
 */
export function touchIfPossible(path: ByteString): void {
  try {
    touch(path);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

/**
 * Sets both times to the file system's current time, which may differ from this machine's clock, and which everyone
 * who may write the file can set (only its owner can set others). Does not follow symlinks.
 * @throws a `node:fs` error
 */
export function touch(path: ByteString): void {
  if (libc.utimensat(AT_FDCWD, scratchPath.set(path).pointer, null, AT_SYMLINK_NOFOLLOW) === 0) return;
  throw lastError("utimensat", path);
}
