import { loadZlib } from "../../base/load-zlib.ts";
import { openZstdHandle, type ZstdProcessor } from "./zstd-handle.ts";

/**
 * By itself, zstd looks back 2 MiB at level 3, and indexes them in tables of 768 KiB. Tables of 320 KiB stay in the
 * processor's cache, which saves 9 % of the time for text and 18 % for machine code; searching the whole block
 * makes up for most of what they miss.
 */
const LEVEL_OF_SMALL_TABLES = 3;
const SMALL_TABLES = { windowLog: 22, hashLog: 16, chainLog: 14 };

let deflater: { readonly level: number; readonly processor: ZstdProcessor | undefined } | undefined;
let output: Uint8Array = new Uint8Array(0);

/**
 * Compresses to one zstd frame. The library's tables, and memory for the result, are used again if possible: with
 * fresh memory, page faults would take 7 % more time. The result is valid until the next call.
 */
export function deflateZstd(content: Uint8Array, level: number): Uint8Array {
  const { constants, createZstdCompress, zstdCompressSync } = loadZlib();
  if (deflater?.level !== level) {
    const params = zstdParameters(level);
    deflater = { level, processor: openZstdHandle(createZstdCompress({ chunkSize: 64, params })) };
  }
  const { processor } = deflater;
  if (processor !== undefined) {
    const roomBytes = compressBound(content.length) + 1;
    if (output.length < roomBytes) output = new Uint8Array(roomBytes);
    const { handle, state } = processor;
    // Without a reset, which would forget the level: after a complete frame, the next one begins.
    handle.writeSync(constants.ZSTD_e_end, content, 0, content.length, output, 0, roomBytes);
    const [unusedBytes = 0, restBytes] = state;
    // With room left, the frame is complete. Otherwise, what is left of it would be in the next one.
    if (unusedBytes > 0 && unusedBytes < roomBytes && restBytes === 0)
      return output.subarray(0, roomBytes - unusedBytes);
    deflater = { level, processor: undefined };
  }
  return zstdCompressSync(content, { params: zstdParameters(level) });
}

/** The parameters for a level, by the numbers that the library gives them. */
export function zstdParameters(level: number): Record<number, number> {
  const { constants } = loadZlib();
  return {
    [constants.ZSTD_c_compressionLevel]: level,
    ...(level === LEVEL_OF_SMALL_TABLES && {
      [constants.ZSTD_c_windowLog]: SMALL_TABLES.windowLog,
      [constants.ZSTD_c_hashLog]: SMALL_TABLES.hashLog,
      [constants.ZSTD_c_chainLog]: SMALL_TABLES.chainLog,
    }),
  };
}

/** `ZSTD_COMPRESSBOUND` of zstd.h: with this much room, a frame is made in one step. */
function compressBound(sizeBytes: number): number {
  const smallest = 128 * 1024;
  return sizeBytes + (sizeBytes >>> 8) + (sizeBytes < smallest ? (smallest - sizeBytes) >>> 11 : 0);
}
