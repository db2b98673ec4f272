import { nodeFs } from "./node-fs.ts";

/** Returns the number of bytes written, from `start` on, which may be fewer than there are. @throws a `node:fs` error */
export type OutputWriter = (descriptor: number, from: Uint8Array, start: number) => number;

let write: OutputWriter = (descriptor, from, start) => nodeFs().writeSync(descriptor, from, start);

/**
 * Writes to standard output or standard error. FFI is not loaded for that, because it fails where executable memory is
 * forbidden, which must be reported, too. Where it has been loaded, it is used, because loading `node:fs` takes longer.
 */
export function writeOut(descriptor: number, from: Uint8Array, start: number): number {
  return write(descriptor, from, start);
}

/** From now on, all output goes this way. */
export function replaceWrite(better: OutputWriter): void {
  write = better;
}
