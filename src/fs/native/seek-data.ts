import { lastError } from "./last-error.ts";
import { linuxLibc } from "./libc.ts";

// Linux's numbers, see lseek(2).
const SEEK_SET = 0;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;

/**
 * The next part of a file, from an offset on, that is not a hole; undefined if there is none. A file system that does
 * not know about holes says that the rest of the file is data. The file's offset is undefined afterwards.
 */
export function findData(
  descriptor: number,
  offset: number,
): { readonly start: number; readonly end: number } | undefined {
  if (linuxLibc === undefined) return { start: offset, end: Number.POSITIVE_INFINITY };
  const start = Number(linuxLibc.lseek(descriptor, offset, SEEK_DATA));
  if (start < 0) {
    // ENXIO: nothing but a hole up to the end, or the end itself.
    if (lastError("lseek").code === "ENXIO") return undefined;
    return { start: offset, end: Number.POSITIVE_INFINITY };
  }
  const end = Number(linuxLibc.lseek(descriptor, start, SEEK_HOLE));
  return { start, end: end > start ? end : Number.POSITIVE_INFINITY };
}

/** Sets the offset from which the next read or write starts. */
export function seekTo(descriptor: number, offset: number): void {
  if (Number(linuxLibc?.lseek(descriptor, offset, SEEK_SET) ?? 0) !== offset) throw lastError("lseek");
}
