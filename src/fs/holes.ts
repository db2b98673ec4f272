import { compileLightly } from "../base/compile-lightly.ts";
import { nodeFs } from "./node-fs.ts";
import { writeFullyAt } from "./positioned-io.ts";

/** Smaller files are not worth looking for holes. */
export const FEWEST_SPARSE_BYTES = 64 * 1024;

/** What file systems allocate at once; a hole has a multiple of it. */
const PAGE_BYTES = 4096;

/** Shorter runs of zeros are written: a hole splits the file into extents. */
const FEWEST_HOLE_BYTES = 4 * PAGE_BYTES;

const zeros = new Uint8Array(PAGE_BYTES);

/**
 * Writes part of a new file, and leaves long runs of zeros out, so that they become holes.
 * @param offset in the file; a multiple of a page
 * @returns whether the end was left out; if it is that of the file, `extendTo` must follow
 * @throws a `node:fs` error
 */
export function writeAroundZeros(descriptor: number, bytes: Uint8Array, offset: number): boolean {
  for (let start = 0; start < bytes.length; ) {
    const hole = findZeros(bytes, start);
    if (hole.start > start) writeFullyAt(descriptor, bytes.subarray(start, hole.start), offset + start);
    if (hole.start < hole.end && hole.end === bytes.length) return true;
    start = hole.end;
  }
  return false;
}

/** Whether `writeAroundZeros` would leave out anything. */
export function hasHoles(bytes: Uint8Array): boolean {
  return findZeros(bytes, 0).start < bytes.length;
}

/** Gives a new file its size if it ends with a hole. @throws a `node:fs` error */
export function extendTo(descriptor: number, sizeBytes: number): void {
  nodeFs().ftruncateSync(descriptor, sizeBytes);
}

/** The next run of zeros, in whole pages, that is worth a hole; empty and at the end if there is none. */
function findZeros(bytes: Uint8Array, from: number): { readonly start: number; readonly end: number } {
  const { length } = bytes;
  let start = from;
  for (let page = from; page < length; page += PAGE_BYTES) {
    if (isZero(bytes, page, Math.min(page + PAGE_BYTES, length))) continue;
    if (page - start >= FEWEST_HOLE_BYTES) return { start, end: page };
    start = page + PAGE_BYTES;
  }
  return length - start >= FEWEST_HOLE_BYTES ? { start, end: length } : { start: length, end: length };
}

function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  // Nearly every page has something at its beginning or end.
  if (bytes[start] !== 0 || bytes[end - 1] !== 0) return false;
  return Buffer.compare(bytes.subarray(start, end), zeros.subarray(0, end - start)) === 0;
}

compileLightly(findZeros, isZero);
