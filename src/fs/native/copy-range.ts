import { linuxLibc } from "./libc.ts";

const COPY_AT_ONCE_BYTES = 0x4000_0000;

/**
 * Lets the kernel copy as much as it can, from one file's offset to the other's. The caller continues from there by
 * reading and writing, for example between two file systems, or on an old kernel.
 */
export function copyRange(from: number, to: number): void {
  for (let count = 1; count > 0; ) {
    count = Number(linuxLibc?.copy_file_range(from, null, to, null, COPY_AT_ONCE_BYTES, 0) ?? -1);
  }
}
