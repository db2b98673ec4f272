import { type ByteString, display } from "../base/byte-string.ts";
import { compileLightly } from "../base/compile-lightly.ts";
import { type AccessPolicy, applyToFile, fileModeOf, grantsMore } from "./access-policy.ts";
import { errnoOf } from "./errno.ts";
import { constants } from "./file-constants.ts";
import { closeWritten } from "./native/close-written.ts";
import { openFile, pread } from "./native/descriptor-calls.ts";
import { emptyStatus, type FileStatus, fstat, lstat } from "./native/file-status.ts";
import type { PathBuffer } from "./native/path-buffer.ts";
import { closeQuickly, tryOpen } from "./native/quick-file.ts";
import { writeFullyAt } from "./positioned-io.ts";

/**
 * Opens files that another user may have replaced by something else: a symlink that leads elsewhere, a FIFO or device
 * that would block, a file without end. Everything that is opened in a cache is opened here.
 */
const SAFE_FLAGS = constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Opens a regular file without following a symlink in its place, and without blocking.
 * @param status receives that of the opened file
 * @returns an open descriptor
 * @throws a `node:fs` error, with the code EFTYPE for anything but a regular file
 */
export function openRegularFile(
  path: ByteString,
  flags: number,
  status: FileStatus = emptyStatus(),
  mode = 0o666,
): number {
  let descriptor: number;
  try {
    descriptor = openFile(path, flags | SAFE_FLAGS, mode);
  } catch (error) {
    throw isOtherKind(errnoOf(error), path) ? otherKind(path) : error;
  }
  fstat(descriptor, status);
  if (status.kind === "file") return descriptor;
  closeQuickly(descriptor);
  throw otherKind(path);
}

/**
 * The same for reading, in loops over many files.
 * @throws a `node:fs` error, like `openRegularFile`
 */
export function openToRead(path: PathBuffer, status: FileStatus): number {
  const descriptor = tryOpen(path, constants.O_RDONLY | SAFE_FLAGS);
  if (descriptor >= 0) {
    fstat(descriptor, status);
    if (status.kind === "file") return descriptor;
    closeQuickly(descriptor);
  }
  // Again, for an error that says why.
  return openRegularFile(path.toBytes(), constants.O_RDONLY, status);
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
  const status = emptyStatus();
  const descriptor = openRegularFile(path, constants.O_RDONLY, status);
  try {
    return { bytes: readUpTo(descriptor, Math.min(status.sizeBytes, mostBytes)), status };
  } finally {
    closeQuickly(descriptor);
  }
}

/**
 * From the beginning; less if the file ends earlier.
 * @param known its first bytes, which are not read again
 * @throws a `node:fs` error
 */
export function readUpTo(descriptor: number, sizeBytes: number, known?: Buffer): Buffer {
  const bytes = Buffer.allocUnsafeSlow(sizeBytes);
  let length = known?.copy(bytes) ?? 0;
  for (let count = -1; count !== 0 && length < sizeBytes; length += count) {
    count = pread(descriptor, bytes, length, sizeBytes - length, length);
  }
  return bytes.subarray(0, length);
}

/**
 * Creates a file, which must not exist, and opens it for reading and writing.
 * @param policy who else may use it
 * @throws a `node:fs` error
 */
export function createFile(path: ByteString, policy?: AccessPolicy): number {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | SAFE_FLAGS;
  const descriptor = openFile(path, flags, policy === undefined ? 0o666 : fileModeOf(policy));
  try {
    if (policy !== undefined && grantsMore(policy)) applyToFile(descriptor, policy);
    return descriptor;
  } catch (error) {
    closeQuickly(descriptor);
    throw error;
  }
}

/**
 * Writes a file that must not exist.
 * @param policy who else may use it
 * @param beforeClose what else to do with it, such as flushing it
 * @throws a `node:fs` error; a partial file is left
 */
export function writeNewFile(
  path: ByteString,
  contents: Uint8Array,
  policy?: AccessPolicy,
  beforeClose: (descriptor: number) => void = () => undefined,
): void {
  const descriptor = createFile(path, policy);
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

compileLightly(openToRead);
