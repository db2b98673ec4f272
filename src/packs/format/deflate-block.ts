import { deflateSync, inflateSync } from "fflate";
import { CHUNK_SIZE_BYTES } from "../../base/digest.ts";

export function deflateBlock(content: Uint8Array, level: number): Uint8Array {
  return deflateSync(content, { level: level as 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 });
}

// One byte more than a block can hold, so that a stream which goes on behind its stated end shows itself.
let inflated: Uint8Array | undefined;

/** The answer may be overwritten by the next call. @throws when it is no deflate stream or inflates to more */
export function inflateBlock(stored: Uint8Array, contentBytes: number): Uint8Array {
  inflated ??= new Uint8Array(CHUNK_SIZE_BYTES + 1);
  return inflateSync(stored, { out: inflated.subarray(0, contentBytes + 1) });
}
