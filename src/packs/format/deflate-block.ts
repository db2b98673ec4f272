import { deflateSync, inflateSync } from "fflate";
import { CHUNK_SIZE_BYTES } from "../../base/digest.ts";

export function deflateBlock(content: Uint8Array, level: number): Uint8Array {
  return deflateSync(content, { level: level as 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 });
}

// One byte more than a block can contain, which detects a stream that continues after its stated end.
let inflated: Uint8Array | undefined;

/** The result may be overwritten by the next call. @throws if it is not a deflate stream, or inflates to more */
export function inflateBlock(stored: Uint8Array, contentBytes: number): Uint8Array {
  inflated ??= new Uint8Array(CHUNK_SIZE_BYTES + 1);
  return inflateSync(stored, { out: inflated.subarray(0, contentBytes + 1) });
}
