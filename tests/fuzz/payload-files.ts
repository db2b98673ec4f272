import { zstdCompressSync, zstdDecompressSync } from "node:zlib";

const PREFIX_BYTES = 16;
const DELTA_MAGIC = "BTDTMDLT";
const DIGEST_BYTES = 32;

/** The digest of a delta's base; undefined for a file of another kind. */
export function baseOf(file: Buffer): string | undefined {
  if (file.toString("latin1", 0, 8) !== DELTA_MAGIC) return undefined;
  return file.toString("hex", PREFIX_BYTES, PREFIX_BYTES + DIGEST_BYTES);
}

/** A manifest, delta or index with a different payload, and a matching prefix. */
export function forgePayload(
  file: Buffer,
  dictionary: Uint8Array | undefined,
  mutate: (payload: Buffer) => Buffer,
): Buffer {
  const options = dictionary === undefined ? {} : { dictionary };
  const payload = mutate(inflateFile(file, dictionary));
  const head = Buffer.from(file.subarray(0, headBytes(file)));
  head.writeUInt32LE(payload.length, 12);
  return Buffer.concat([head, zstdCompressSync(payload, options)]);
}

const RLE_BLOCK_BYTES = 128 * 1024;

/**
 * A file that really contains as much as it states, in four bytes per 128 KiB: a zstd frame of blocks that repeat one
 * byte (RFC 8878, 3.1.1).
 */
export function forgeBomb(file: Buffer, payloadBytes: number): Buffer {
  const head = Buffer.from(file.subarray(0, headBytes(file)));
  head.writeUInt32LE(payloadBytes, 12);
  // No size, no checksum, and a window of 1 MiB.
  const parts = [head, Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50])];
  for (let done = 0; done < payloadBytes; done += RLE_BLOCK_BYTES) {
    const sizeBytes = Math.min(RLE_BLOCK_BYTES, payloadBytes - done);
    const block = Buffer.alloc(4);
    block.writeUIntLE((sizeBytes << 3) | (1 << 1) | (done + sizeBytes === payloadBytes ? 1 : 0), 0, 3);
    parts.push(block);
  }
  return Buffer.concat(parts);
}

export function inflateFile(file: Buffer, dictionary?: Uint8Array): Buffer {
  return zstdDecompressSync(file.subarray(headBytes(file)), dictionary === undefined ? {} : { dictionary });
}

function headBytes(file: Buffer): number {
  return baseOf(file) === undefined ? PREFIX_BYTES : PREFIX_BYTES + DIGEST_BYTES;
}
