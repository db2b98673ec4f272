import { fdatasyncSync, ftruncateSync, readSync, writeSync } from "node:fs";
import { FEWEST_SPARSE_BYTES } from "./holes.ts";
import { copyRange } from "./native/copy-range.ts";
import { emptyStatus, fstat } from "./native/file-status.ts";
import { findData, seekTo } from "./native/seek-data.ts";

const COPY_BUFFER_BYTES = 256 * 1024;
let copyBuffer: Uint8Array | undefined;

const status = emptyStatus();

/**
 * Copies a file's content to an empty file; holes stay holes.
 *
 * It only appends, so that the size grows with the data. `copyFileSync` ends with `ftruncate`, after which ext4 may
 * put the size on disk before the data: after a power cut, the file would have the right size and contain zeros.
 * @param sizeBytes of the source, if nobody is writing to it
 * @throws a `node:fs` error
 */
export function copyBytes(from: number, to: number, sizeBytes: number): void {
  if (sizeBytes >= FEWEST_SPARSE_BYTES) {
    fstat(from, status);
    if (status.allocatedBytes < status.sizeBytes) {
      copyAroundHoles(from, to);
      return;
    }
  }
  copyRest(from, to, Number.POSITIVE_INFINITY, sizeBytes > COPY_BUFFER_BYTES);
}

function copyAroundHoles(from: number, to: number): void {
  let endBytes = 0;
  for (let data = findData(from, 0); data !== undefined; data = findData(from, endBytes)) {
    const { start, end } = data;
    seekTo(from, start);
    seekTo(to, start);
    const copied = copyRest(from, to, end - start, true);
    endBytes = start + copied;
    if (copied < end - start) break;
  }
  fstat(from, status);
  if (status.sizeBytes <= endBytes) return;
  // The size must not reach the disk before the data.
  fdatasyncSync(to);
  ftruncateSync(to, status.sizeBytes);
}

/** From one offset to the other, up to the end or so many bytes; returns how many they were. */
function copyRest(from: number, to: number, mostBytes: number, isKernelAsked: boolean): number {
  let done = isKernelAsked ? copyRange(from, to, mostBytes) : 0;
  // Continues where that ended. A small file takes one iteration.
  copyBuffer ??= new Uint8Array(COPY_BUFFER_BYTES);
  while (done < mostBytes) {
    const length = readSync(from, copyBuffer, 0, Math.min(COPY_BUFFER_BYTES, mostBytes - done), null);
    if (length === 0) break;
    for (let written = 0; written < length; ) {
      written += writeSync(to, copyBuffer, written, length - written);
    }
    done += length;
  }
  return done;
}
