import { constants } from "node:fs";
import { display } from "../base/byte-string.ts";
import { compileLightly } from "../base/compile-lightly.ts";
import { CHUNK_SIZE_BYTES } from "../base/digest.ts";
import { BtdtError } from "../base/errors.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";
import { emptyStatus, type FileStatus, fstat, isUnchanged } from "../fs/native/file-status.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import { PinnedBuffer } from "../fs/native/pinned-buffer.ts";
import { closeQuickly, openQuickly, readQuickly } from "../fs/native/quick-file.ts";

// One byte more than a chunk, so that a file which has grown shows itself in the same read.
let content: PinnedBuffer | undefined;
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
  content ??= new PinnedBuffer(new Uint8Array(CHUNK_SIZE_BYTES + 1));
  const outcome = readSmallFile(path, status, content, 0);
  if (outcome !== "read") return outcome;
  Bun.SHA256.hash(content.bytes.subarray(0, status.sizeBytes), digests.subarray(offset, offset + 32));
  return "hashed";
}

/**
 * Reads a file of at most one chunk into `into` at `start`, where there is room for a chunk and one byte more.
 * @throws BtdtError SOURCE_CHANGED, SOURCE_UNREADABLE
 */
export function readSmallFile(
  path: PathBuffer,
  status: FileStatus,
  into: PinnedBuffer,
  start: number,
): "read" | "large" | "not-a-file" {
  const descriptor = openForHashing(path);
  try {
    fstat(descriptor, status);
    if (status.kind !== "file") return "not-a-file";
    if (status.sizeBytes > CHUNK_SIZE_BYTES) return "large";
    const length = readFully(descriptor, into, start, status.sizeBytes);
    fstat(descriptor, after);
    if (length !== status.sizeBytes || !isUnchanged(status, after)) throw changedWhileRead(path);
    return "read";
  } catch (error) {
    throw error instanceof BtdtError ? error : unreadable(path, error);
  } finally {
    closeQuickly(descriptor);
  }
}

/** @throws BtdtError SOURCE_CHANGED, SOURCE_UNREADABLE */
export function openForHashing(path: PathBuffer): number {
  try {
    return openQuickly(path, OPEN_FOR_HASHING);
  } catch (error) {
    const errno = errnoOf(error);
    throw errno === "ENOENT" || errno === "ELOOP" || errno === "ENOTDIR" || errno === "ENXIO"
      ? changedWhileRead(path)
      : unreadable(path, error);
  }
}

export function changedWhileRead(path: PathBuffer): BtdtError {
  const name = display(path.toBytes());
  return new BtdtError("SOURCE_CHANGED", `${name} changed while it was read`, {
    path: name,
    hint: "wait until nothing writes to the directory any more, or leave the file out with --exclude",
  });
}

export function unreadable(path: PathBuffer, error: unknown): BtdtError {
  const name = display(path.toBytes());
  return new BtdtError("SOURCE_UNREADABLE", `cannot read ${name}: ${reasonOf(error)}`, {
    path: name,
    cause: error,
  });
}

/**
 * Asks for one byte more than the file should have, so that growth shows itself; a short read is not the end
 * on every file system.
 */
function readFully(descriptor: number, into: PinnedBuffer, start: number, expectedBytes: number): number {
  let length = 0;
  for (;;) {
    const count = readQuickly(descriptor, into, start + length, expectedBytes + 1 - length);
    length += count;
    // A file said to be empty is read as well: those of /proc say so, and are not.
    if (count === 0 || length >= expectedBytes) return length;
  }
}

compileLightly(hashSmallFile, readSmallFile, openForHashing, readFully);
