import { linuxLibc } from "./libc.ts";

/** The kernel reads no more than this at once, whatever it is asked for, unless an administrator has raised it. */
const STEP_BYTES = 128 * 1024;

/**
 * Asks the kernel to read a range of a file soon, without waiting for it: on a network volume, many requests are then
 * in flight, where reading waits for one or two at a time. What is in memory is not read again.
 */
export function readAhead(descriptor: number, offset: number, sizeBytes: number): void {
  for (let start = 0; start < sizeBytes; start += STEP_BYTES) {
    // If it fails, the range is read when it is needed.
    linuxLibc?.readahead(descriptor, offset + start, Math.min(STEP_BYTES, sizeBytes - start));
  }
}
