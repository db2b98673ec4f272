import { closeSync, constants, openSync, readSync } from "node:fs";
import { fsPath, shown } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";
import { emptyStatus, type FileStatus, fstat, isUnchanged } from "../fs/file-status.ts";
import type { PathBuffer } from "../fs/path-buffer.ts";
import { CHUNK_SIZE_BYTES } from "./digest.ts";

// One byte more than a chunk, so that a file which has grown shows itself in the same read.
let content: Uint8Array | undefined;
const after = emptyStatus();

// O_NONBLOCK: a pipe that has taken the file's place must not make the open wait for a writer.
const OPEN_FOR_HASHING = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export type SmallFileOutcome = "hashed" | "large" | "not-a-file";

/**
 * Digests a file of at most one chunk into `digests` at `offset`, and fills `status` with what the file
 * was while it was read. A larger file is only looked at.
 * @throws BtdtError SOURCE_CHANGED, SOURCE_UNREADABLE
 */
export function hashSmallFile(
  path: PathBuffer,
  status: FileStatus,
  digests: Uint8Array,
  offset: number,
): SmallFileOutcome {
  const descriptor = openForHashing(path);
  try {
    fstat(descriptor, status);
    if (status.kind !== "file") return "not-a-file";
    if (status.sizeBytes > CHUNK_SIZE_BYTES) return "large";
    content ??= new Uint8Array(CHUNK_SIZE_BYTES + 1);
    const length = readFully(descriptor, content, status.sizeBytes);
    fstat(descriptor, after);
    if (length !== status.sizeBytes || !isUnchanged(status, after)) throw changedWhileRead(path);
    Bun.SHA256.hash(content.subarray(0, length), digests.subarray(offset, offset + 32));
    return "hashed";
  } catch (error) {
    throw error instanceof BtdtError ? error : unreadable(path, error);
  } finally {
    closeSync(descriptor);
  }
}

/** @throws BtdtError SOURCE_CHANGED, SOURCE_UNREADABLE */
export function openForHashing(path: PathBuffer): number {
  try {
    return openSync(fsPath(path.toBytes()), OPEN_FOR_HASHING);
  } catch (error) {
    const errno = errnoOf(error);
    throw errno === "ENOENT" || errno === "ELOOP" || errno === "ENOTDIR" || errno === "ENXIO"
      ? changedWhileRead(path)
      : unreadable(path, error);
  }
}

export function changedWhileRead(path: PathBuffer): BtdtError {
  const name = shown(path.toBytes());
  return new BtdtError("SOURCE_CHANGED", `${name} changed while it was read`, {
    path: name,
    hint: "wait until nothing writes to the directory any more, or leave the file out with --exclude",
  });
}

export function unreadable(path: PathBuffer, error: unknown): BtdtError {
  const name = shown(path.toBytes());
  return new BtdtError("SOURCE_UNREADABLE", `cannot read ${name}: ${reasonOf(error)}`, {
    path: name,
    cause: error,
  });
}

/**
 * Asks for one byte more than the file should have, so that growth shows itself; a short read is not the end
 * on every file system.
 */
function readFully(descriptor: number, into: Uint8Array, expectedBytes: number): number {
  let length = 0;
  for (;;) {
    const count = readSync(descriptor, into, length, expectedBytes + 1 - length, null);
    length += count;
    // A file said to be empty is read as well: those of /proc say so, and are not.
    if (count === 0 || length >= expectedBytes) return length;
  }
}
