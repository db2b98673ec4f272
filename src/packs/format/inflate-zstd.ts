import { CHUNK_SIZE_BYTES } from "../../base/digest.ts";
import { loadZlib } from "../../base/load-zlib.ts";
import { openZstdHandle, type ZstdProcessor } from "./zstd-handle.ts";

let inflater: ZstdProcessor | "missing" | undefined;
let output: Uint8Array = new Uint8Array(0);

/**
 * Blocks are mostly about this large: memory that grew with the largest one so far would be replaced several times, and
 * of this much, only what is written to is really taken.
 */
const FEWEST_OUTPUT_BYTES = CHUNK_SIZE_BYTES + 1;

/**
 * Inflates one zstd frame to at most `contentBytes`. With fresh memory, half of the time would go into page faults,
 * so memory is reused if possible: the result is valid until the next call.
 * @throws if it is not a frame, or inflates to more
 */
export function inflateZstd(stored: Uint8Array, contentBytes: number): Uint8Array {
  const { constants, createZstdDecompress, zstdDecompressSync } = loadZlib();
  inflater ??= openZstdHandle(createZstdDecompress({ chunkSize: 64 })) ?? "missing";
  if (inflater !== "missing") {
    // With one byte more, which detects a frame that continues after its stated end.
    if (output.length <= contentBytes)
      output = new Uint8Array(Math.max(contentBytes + 1, FEWEST_OUTPUT_BYTES));
    const { handle, state } = inflater;
    handle.reset();
    handle.writeSync(constants.ZSTD_e_end, stored, 0, stored.length, output, 0, contentBytes + 1);
    const [roomBytes, restBytes] = state;
    if (roomBytes === 1 && restBytes === 0) return output.subarray(0, contentBytes);
  }
  // The slow way tells what is wrong, if anything is.
  return zstdDecompressSync(stored, { maxOutputLength: contentBytes, chunkSize: contentBytes });
}
