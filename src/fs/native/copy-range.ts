import { linuxLibc } from "./libc.ts";

const COPY_AT_ONCE_BYTES = 0x4000_0000;

/**
 * Lets the kernel copy as much as it can, from one file's offset to the other's, up to the end or so many bytes. The
 * caller continues from there by reading and writing, for example between two file systems, or on an old kernel.
 * @returns how many bytes were copied
 */
export function copyRange(from: number, to: number, mostBytes = Number.POSITIVE_INFINITY): number {
  let done = 0;
  while (done < mostBytes) {
    const lengthBytes = Math.min(COPY_AT_ONCE_BYTES, mostBytes - done);
    const count = Number(linuxLibc?.copy_file_range(from, null, to, null, lengthBytes, 0) ?? -1);
    if (count <= 0) break;
    done += count;
  }
  return done;
}
