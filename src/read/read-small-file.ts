import { compileLightly } from "../base/compile-lightly.ts";
import { CHUNK_SIZE_BYTES } from "../base/digest.ts";
import { BtdtError } from "../base/errors.ts";
import { hasExtendedAttributesOpen } from "../fs/native/extended-attributes.ts";
import { emptyStatus, type FileStatus, fstat, isUnchanged } from "../fs/native/file-status.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import type { PinnedBuffer } from "../fs/native/pinned-buffer.ts";
import { closeQuickly, readQuickly } from "../fs/native/quick-file.ts";
import { changedWhileRead, openSource, unreadable } from "./open-source.ts";

/** One byte more than a chunk, so that the same read detects growth. */
export const SMALL_FILE_ROOM_BYTES = CHUNK_SIZE_BYTES + 1;

export interface AttributesSeen {
  isAttributed: boolean;
}

const after = emptyStatus();

/**
 * Reads a file of at most one chunk into `into` at `start`, where there are SMALL_FILE_ROOM_BYTES, and fills `status`
 * with what the file was when it was read. A larger file is only examined.
 * @param detectsEdits false if the caller knows what it should contain, which saves a system call
 * @param seen told whether the file has extended attributes, also if it is large
 * @throws BtdtError SOURCE_CHANGED, SOURCE_UNREADABLE
 */
export function readSmallFile(
  path: PathBuffer,
  status: FileStatus,
  into: PinnedBuffer,
  start: number,
  detectsEdits = true,
  seen?: AttributesSeen,
): "read" | "large" | "not-a-file" {
  const descriptor = openSource(path);
  try {
    fstat(descriptor, status);
    if (status.kind !== "file") return "not-a-file";
    if (seen !== undefined) seen.isAttributed = hasExtendedAttributesOpen(descriptor);
    if (status.sizeBytes > CHUNK_SIZE_BYTES) return "large";
    const lengthBytes = readFully(descriptor, into, start, status.sizeBytes);
    if (lengthBytes !== status.sizeBytes) throw changedWhileRead(path);
    if (detectsEdits) {
      fstat(descriptor, after);
      if (!isUnchanged(status, after)) throw changedWhileRead(path);
    }
    return "read";
  } catch (error) {
    throw error instanceof BtdtError ? error : unreadable(path, error);
  } finally {
    closeQuickly(descriptor);
  }
}

/**
 * Asks for one byte more than the file should have, to detect growth; on some file systems, a short read is not the
 * end.
 */
function readFully(descriptor: number, into: PinnedBuffer, start: number, expectedBytes: number): number {
  let lengthBytes = 0;
  for (;;) {
    const count = readQuickly(descriptor, into, start + lengthBytes, expectedBytes + 1 - lengthBytes);
    lengthBytes += count;
    // Files that claim to be empty are read as well: those in /proc do, but are not.
    if (count === 0 || lengthBytes >= expectedBytes) return lengthBytes;
  }
}

compileLightly(readSmallFile, readFully);
