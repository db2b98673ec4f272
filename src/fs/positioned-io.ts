import { pread, pwrite } from "./native/descriptor-calls.ts";

/** Reads and writes whole ranges: a single system call may stop short. */

/** Returns false if the file ends too early. @throws a `node:fs` error */
export function readFullyAt(descriptor: number, into: Uint8Array, offset: number): boolean {
  for (let done = 0; done < into.length; ) {
    const count = pread(descriptor, into, done, into.length - done, offset + done);
    if (count === 0) return false;
    done += count;
  }
  return true;
}

/** @throws a `node:fs` error */
export function writeFullyAt(descriptor: number, bytes: Uint8Array, offset: number): void {
  for (let written = 0; written < bytes.length; ) {
    written += pwrite(descriptor, bytes, written, bytes.length - written, offset + written);
  }
}
