import type { Cancellation } from "../base/cancellation.ts";
import { compileLightly } from "../base/compile-lightly.ts";
import { BtdtError } from "../base/errors.ts";
import { FEWEST_SPARSE_BYTES } from "./holes.ts";
import { copyRange } from "./native/copy-range.ts";
import { type FileStatus, fstat } from "./native/file-status.ts";
import { PinnedBuffer } from "./native/pinned-buffer.ts";
import { readQuickly, writeQuickly } from "./native/quick-file.ts";
import { reserveSpace } from "./native/reserve-space.ts";
import { findData, seekTo } from "./native/seek-data.ts";
import { nodeFs } from "./node-fs.ts";

const COPY_BUFFER_BYTES = 256 * 1024;
/** How much is copied before somebody asks whether it is still wanted: a slow disk takes half a second for it. */
const COPY_AT_ONCE_BYTES = 16 * 1024 * 1024;
/** For small files: of the larger one, the kernel would clear every page. */
const SMALL_BUFFER_BYTES = 16 * 1024;
let copyBuffer: PinnedBuffer | undefined;

/**
 * Copies a file's content, up to the size in its status, to an empty file; holes stay holes.
 *
 * It only appends, so that the size grows with the data. `copyFileSync` ends with `ftruncate`, after which ext4 may
 * put the size on disk before the data: after a power cut, the file would have the right size and contain zeros.
 * @param status of `from`; updated if the file has holes
 * @returns the size of the copy: less if the file has become shorter
 * @throws BtdtError CANCELLED, a `node:fs` error
 */
export function copyBytes(from: number, to: number, status: FileStatus, cancellation: Cancellation): number {
  const { sizeBytes } = status;
  if (sizeBytes >= FEWEST_SPARSE_BYTES && status.allocatedBytes < sizeBytes) {
    return copyAroundHoles(from, to, status, cancellation);
  }
  if (sizeBytes <= COPY_BUFFER_BYTES) return copyThroughBuffer(from, to, sizeBytes);
  reserveSpace(to, sizeBytes);
  return copyRest(from, to, sizeBytes, cancellation);
}

function copyAroundHoles(from: number, to: number, status: FileStatus, cancellation: Cancellation): number {
  let endBytes = 0;
  for (let data = findData(from, 0); data !== undefined; data = findData(from, endBytes)) {
    const { start, end } = data;
    seekTo(from, start);
    seekTo(to, start);
    const copied = copyRest(from, to, end - start, cancellation);
    endBytes = start + copied;
    if (copied < end - start) break;
  }
  fstat(from, status);
  if (status.sizeBytes <= endBytes) return endBytes;
  // The size must not reach the disk before the data.
  nodeFs().fdatasyncSync(to);
  nodeFs().ftruncateSync(to, status.sizeBytes);
  return status.sizeBytes;
}

/** Copies up to `mostBytes` between the current offsets; returns how many bytes there were. */
function copyRest(from: number, to: number, mostBytes: number, cancellation: Cancellation): number {
  let copied = 0;
  let isKernelAble = true;
  while (copied < mostBytes) {
    if (cancellation.isCancelled()) throw new BtdtError("CANCELLED", "stopped before a file was copied");
    const lengthBytes = Math.min(COPY_AT_ONCE_BYTES, mostBytes - copied);
    let count = isKernelAble ? copyRange(from, to, lengthBytes) : 0;
    if (count === 0) {
      isKernelAble = false;
      count = copyThroughBuffer(from, to, lengthBytes);
    }
    if (count === 0) break;
    copied += count;
  }
  return copied;
}

function copyThroughBuffer(from: number, to: number, mostBytes: number): number {
  const buffer = bufferFor(mostBytes);
  let copied = 0;
  while (copied < mostBytes) {
    const length = readQuickly(from, buffer, 0, Math.min(buffer.bytes.length, mostBytes - copied));
    if (length === 0) break;
    writeQuickly(to, buffer, 0, length);
    copied += length;
  }
  return copied;
}

function bufferFor(mostBytes: number): PinnedBuffer {
  const sizeBytes = mostBytes <= SMALL_BUFFER_BYTES ? SMALL_BUFFER_BYTES : COPY_BUFFER_BYTES;
  if (copyBuffer === undefined || copyBuffer.bytes.length < sizeBytes)
    copyBuffer = new PinnedBuffer(new Uint8Array(sizeBytes));
  return copyBuffer;
}

compileLightly(copyBytes, copyRest, copyThroughBuffer, bufferFor);
