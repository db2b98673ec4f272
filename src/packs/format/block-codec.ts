import type { Codec, Compression } from "../../base/compression.ts";
import { CHUNK_SIZE_BYTES } from "../../base/digest.ts";
import { BtdtError } from "../../base/errors.ts";
import type * as deflateBlocks from "./deflate-block.ts";
import { deflateZstd } from "./deflate-zstd.ts";
import { inflateZstd } from "./inflate-zstd.ts";

/** The maximum contents of a block before compression: a whole chunk of a large file. */
export const LARGEST_BLOCK_BYTES = CHUNK_SIZE_BYTES;

/** The codecs of blocks; the position is the number in the index. */
const CODECS: readonly Codec[] = ["none", "zstd", "deflate"];

/** Saving less than this is not worth decompressing. */
const WORTHWHILE_RATIO = 0.97;

export interface CompressedBlock {
  readonly codecNumber: number;
  /** May be the given bytes themselves, or overwritten by the next call. */
  readonly stored: Uint8Array;
}

/** What does not shrink is stored uncompressed. */
export function compressBlock(content: Uint8Array, { codec, level }: Compression): CompressedBlock {
  const stored = compress(content, codec, level);
  return stored.length < content.length * WORTHWHILE_RATIO
    ? { codecNumber: CODECS.indexOf(codec), stored }
    : { codecNumber: CODECS.indexOf("none"), stored: content };
}

function compress(content: Uint8Array, codec: Codec, level: number): Uint8Array {
  switch (codec) {
    case "zstd":
      return deflateZstd(content, level);
    case "deflate":
      return deflate().deflateBlock(content, level);
    case "none":
      return content;
  }
}

export function findCodec(codecNumber: number): Codec {
  return CODECS[codecNumber] ?? "none";
}

export function isCodecNumber(codecNumber: number): boolean {
  return CODECS[codecNumber] !== undefined;
}

/** XXH3-64 of a block's bytes in the pack. */
export function blockChecksum(stored: Uint8Array): bigint {
  return Bun.hash.xxHash3(stored);
}

/** Whether a block's two sizes are possible. */
export function areBlockSizesSound(codecNumber: number, storedBytes: number, contentBytes: number): boolean {
  if (contentBytes === 0 || contentBytes > LARGEST_BLOCK_BYTES) return false;
  return CODECS[codecNumber] === "none"
    ? storedBytes === contentBytes
    : storedBytes > 0 && storedBytes < contentBytes;
}

/**
 * Never takes more memory than `contentBytes`, whatever the stored bytes would inflate to. The result may be
 * overwritten by the next call.
 * @throws BtdtError PACK_DAMAGED if it is not exactly that much
 */
export function decompressBlock(codecNumber: number, stored: Uint8Array, contentBytes: number): Uint8Array {
  let content: Uint8Array;
  try {
    content = decompress(findCodec(codecNumber), stored, contentBytes);
  } catch (error) {
    throw new BtdtError("PACK_DAMAGED", "a block does not decompress", { cause: error });
  }
  if (content.length !== contentBytes) {
    throw new BtdtError("PACK_DAMAGED", "a block does not have the size that its index states");
  }
  return content;
}

function decompress(codec: Codec, stored: Uint8Array, contentBytes: number): Uint8Array {
  switch (codec) {
    case "zstd":
      return inflateZstd(stored, contentBytes);
    case "deflate":
      return deflate().inflateBlock(stored, contentBytes);
    case "none":
      return stored;
  }
}

/**
 * Loaded on demand: the library creates tables when it is loaded, which would cost each thread some milliseconds at
 * start-up.
 */
function deflate(): typeof deflateBlocks {
  return require("./deflate-block.ts") as typeof deflateBlocks;
}
