import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { fsPath } from "../base/byte-string.ts";
import { CHUNK_SIZE_BYTES } from "../base/digest.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import { readFullyAt } from "../fs/positioned-io.ts";

// O_NONBLOCK: if a pipe is in an object's place, open must not wait for a writer.
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

const buffer = new Uint8Array(CHUNK_SIZE_BYTES);

/**
 * An object in chunks, each valid until the next is requested; it ends early if the object is shorter than expected.
 * @throws a `node:fs` error
 */
export function* readObject(path: PathBuffer, sizeBytes: number): Generator<Uint8Array, void> {
  const descriptor = openSync(fsPath(path.toBytes()), FLAGS);
  try {
    if (!fstatSync(descriptor).isFile()) return;
    for (let start = 0; start < sizeBytes; start += CHUNK_SIZE_BYTES) {
      const chunk = buffer.subarray(0, Math.min(CHUNK_SIZE_BYTES, sizeBytes - start));
      if (!readFullyAt(descriptor, chunk, start)) return;
      yield chunk;
    }
  } finally {
    closeSync(descriptor);
  }
}
