import { linuxLibc } from "./libc.ts";

/**
 * Lets the kernel copy up to a number of bytes, from one file's offset to the other's, with one system call. If it returns
 * 0, the caller continues by reading and writing, for example between two file systems, or on an old kernel.
 * @param mostBytes at most 1 GiB
 * @returns how many bytes were copied
 */
export function copyRange(from: number, to: number, mostBytes: number): number {
  const count = Number(linuxLibc?.copy_file_range(from, null, to, null, mostBytes, 0) ?? -1);
  return Math.max(0, count);
}
