import { fdatasyncSync, ftruncateSync } from "node:fs";
import { compileLightly } from "../base/compile-lightly.ts";
import { FEWEST_SPARSE_BYTES } from "./holes.ts";
import { copyRange } from "./native/copy-range.ts";
import { type FileStatus, fstat } from "./native/file-status.ts";
import { PinnedBuffer } from "./native/pinned-buffer.ts";
import { readQuickly, writeQuickly } from "./native/quick-file.ts";
import { reserveSpace } from "./native/reserve-space.ts";
import { findData, seekTo } from "./native/seek-data.ts";

const COPY_BUFFER_BYTES = 256 * 1024;
let copyBuffer: PinnedBuffer | undefined;

/**
 * Copies a file's content, up to the size in its status, to an empty file; holes stay holes.
 *
 * It only appends, so that the size grows with the data. `copyFileSync` ends with `ftruncate`, after which ext4 may
 * put the size on disk before the data: after a power cut, the file would have the right size and contain zeros.
 * @param status of `from`; updated if the file has holes
 * @returns the size of the copy: less if the file has become shorter
 * @throws a `node:fs` error
 */
export function copyBytes(from: number, to: number, status: FileStatus): number {
  const { sizeBytes } = status;
  if (sizeBytes >= FEWEST_SPARSE_BYTES && status.allocatedBytes < sizeBytes) {
    return copyAroundHoles(from, to, status);
  }
  if (sizeBytes <= COPY_BUFFER_BYTES) return copyThroughBuffer(from, to, sizeBytes);
  reserveSpace(to, sizeBytes);
  return copyRest(from, to, sizeBytes);
}

function copyAroundHoles(from: number, to: number, status: FileStatus): number {
  let endBytes = 0;
  for (let data = findData(from, 0); data !== undefined; data = findData(from, endBytes)) {
    const { start, end } = data;
    seekTo(from, start);
    seekTo(to, start);
    const copied = copyRest(from, to, end - start);
    endBytes = start + copied;
    if (copied < end - start) break;
  }
  fstat(from, status);
  if (status.sizeBytes <= endBytes) return endBytes;
  // The size must not reach the disk before the data.
  fdatasyncSync(to);
  ftruncateSync(to, status.sizeBytes);
  return status.sizeBytes;
}

/** Copies up to so many bytes between the current offsets; returns how many there were. */
function copyRest(from: number, to: number, mostBytes: number): number {
  const copied = copyRange(from, to, mostBytes);
  // Continues where that ended.
  return copied + copyThroughBuffer(from, to, mostBytes - copied);
}

function copyThroughBuffer(from: number, to: number, mostBytes: number): number {
  copyBuffer ??= new PinnedBuffer(new Uint8Array(COPY_BUFFER_BYTES));
  let copied = 0;
  while (copied < mostBytes) {
    const length = readQuickly(from, copyBuffer, 0, Math.min(COPY_BUFFER_BYTES, mostBytes - copied));
    if (length === 0) break;
    writeQuickly(to, copyBuffer, 0, length);
    copied += length;
  }
  return copied;
}

compileLightly(copyBytes, copyRest, copyThroughBuffer);
