import { compileLightly } from "../base/compile-lightly.ts";
import type { Manifest } from "./manifest.ts";

/** Copying or hashing this much takes a second on a slow disk. */
const SMALLEST_HUGE_BYTES = 64 * 1024 * 1024;

/** Whether a single file of a tree may keep a thread busy for so long that signals would have to wait for it. */
export function hasHugeFile({ fileSizes }: Manifest): boolean {
  for (let file = 0; file < fileSizes.length; file++) {
    if ((fileSizes[file] ?? 0) >= SMALLEST_HUGE_BYTES) return true;
  }
  return false;
}

compileLightly(hasHugeFile);
