import { closeSync, constants, openSync, readSync } from "node:fs";
import { type ByteString, display, fsPath } from "../base/byte-string.ts";
import { errnoOf } from "./errno.ts";
import { closeWritten } from "./native/close-written.ts";
import { emptyStatus, type FileStatus, fstat, lstat } from "./native/file-status.ts";
import { writeFullyAt } from "./positioned-io.ts";

/**
 * Opens files that another user may have replaced by something else: a symlink that leads elsewhere, a FIFO or device
 * that would block, a file without end. Everything that is opened in a cache is opened here.
 */
const SAFE_FLAGS = constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Opens a regular file without following a symlink in its place, and without blocking.
 * @returns an open descriptor
 * @throws a `node:fs` error, with the code EFTYPE for anything but a regular file
 */
export function openRegularFile(path: ByteString, flags: number, mode = 0o666): number {
  let descriptor: number;
  try {
    descriptor = openSync(fsPath(path), flags | SAFE_FLAGS, mode);
  } catch (error) {
    throw isOtherKind(errnoOf(error), path) ? otherKind(path) : error;
  }
  if (statusOf(descriptor).kind === "file") return descriptor;
  closeSync(descriptor);
  throw otherKind(path);
}

function isOtherKind(errno: string | undefined, path: ByteString): boolean {
  if (errno === "EISDIR" || errno === "ENXIO" || errno === "ENODEV") return true;
  // Or a directory on the way.
  return errno === "ELOOP" && lstat(path)?.kind === "symlink";
}

export interface RegularFile {
  readonly bytes: Buffer;
  readonly status: FileStatus;
}

/**
 * Reads a file, but not more than a file of its kind may have.
 * @param mostBytes a larger file is read only up to here; its reader then finds it damaged
 * @throws a `node:fs` error, like `openRegularFile`
 */
export function readRegularFile(path: ByteString, mostBytes: number): RegularFile {
  const descriptor = openRegularFile(path, constants.O_RDONLY);
  try {
    const status = statusOf(descriptor);
    return { bytes: readUpTo(descriptor, Math.min(status.sizeBytes, mostBytes)), status };
  } finally {
    closeSync(descriptor);
  }
}

/** From the beginning; less if the file ends earlier. @throws a `node:fs` error */
export function readUpTo(descriptor: number, sizeBytes: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(sizeBytes);
  let length = 0;
  for (let count = -1; count !== 0 && length < sizeBytes; length += count) {
    count = readSync(descriptor, bytes, length, sizeBytes - length, length);
  }
  return bytes.subarray(0, length);
}

/**
 * Writes a file that must not exist.
 * @param beforeClose what else to do with it, such as flushing it
 * @throws a `node:fs` error; a partial file is left
 */
export function writeNewFile(
  path: ByteString,
  contents: Uint8Array,
  beforeClose: (descriptor: number) => void = () => undefined,
): void {
  const descriptor = openRegularFile(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL);
  try {
    writeFullyAt(descriptor, contents, 0);
    beforeClose(descriptor);
  } finally {
    closeWritten(descriptor);
  }
}

export function statusOf(descriptor: number): FileStatus {
  const status = emptyStatus();
  fstat(descriptor, status);
  return status;
}

function otherKind(path: ByteString): Error {
  return Object.assign(new Error(`EFTYPE: not a regular file '${display(path)}'`), { code: "EFTYPE" });
}
