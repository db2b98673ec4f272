import { constants } from "node:fs";
import { compileLightly } from "../../base/compile-lightly.ts";
import { linuxLibc } from "./libc.ts";
import type { PathBuffer } from "./path-buffer.ts";
import { closeQuickly, openQuickly } from "./quick-file.ts";

const SEEK_HOLE = 4;
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Whether a file has a hole: a part without blocks, or with blocks that were never written, which reads as zeros.
 * False if the system cannot tell.
 * @throws a `node:fs` error
 */
export function hasHole(path: PathBuffer, sizeBytes: number): boolean {
  if (linuxLibc === undefined) return false;
  const descriptor = openQuickly(path, OPEN_FLAGS);
  try {
    const firstHole = Number(linuxLibc.lseek(descriptor, 0, SEEK_HOLE));
    return firstHole >= 0 && firstHole < sizeBytes;
  } finally {
    closeQuickly(descriptor);
  }
}

compileLightly(hasHole);
