import { linuxLibc } from "./libc.ts";

const COPY_AT_ONCE_BYTES = 0x4000_0000;

/**
 * Lets the kernel copy from where one file's offset is to where the other's is, as far as it can and will. Whoever reads and
 * writes on from there copies the rest: two file systems, a full disk, an old kernel, another system.
 */
export function copyRange(from: number, to: number): void {
  for (let count = 1; count > 0; ) {
    count = Number(linuxLibc?.copy_file_range(from, null, to, null, COPY_AT_ONCE_BYTES, 0) ?? -1);
  }
}
