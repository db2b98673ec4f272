import type { ZstdOptions } from "node:zlib";
import { BtdtError, type ErrorCode } from "../errors.ts";
import { loadZlib } from "../load-zlib.ts";
import { isOneFrame } from "./zstd-frame.ts";

/**
 * A kind of file in the cache: 8 bytes of magic, the format version and the payload's size as 32-bit little-endian
 * numbers, perhaps more fields of that kind, and the payload as one zstd frame. See `docs/format.md`.
 */
export interface PayloadFormat {
  /** 8 characters. */
  readonly magic: string;
  /** The newest that this btdt reads. Files of all earlier ones are read as well, beginning with 1. */
  readonly newestVersion: number;
  readonly smallestPayloadBytes: number;
  /** How errors start: what such a file is, and which one it is. */
  readonly describe: (name: string) => string;
  readonly damageCode: ErrorCode;
}

export const PREFIX_SIZE_BYTES = 16;

/** Larger sizes count as damage, and nothing is allocated for them. */
export const LARGEST_PAYLOAD_BYTES = 2 ** 31 - 1;

/** The largest result of zstd for an incompressible payload, including a prefix of any kind. */
function largestFileBytes(payloadBytes: number): number {
  return payloadBytes + payloadBytes / 256 + 1024;
}

/** The largest size of a file with this prefix. @param prefix at least PREFIX_SIZE_BYTES of any file */
export function mostFileBytes(prefix: Buffer): number {
  return largestFileBytes(Math.min(prefix.readUInt32LE(12), LARGEST_PAYLOAD_BYTES));
}

/**
 * A frame of a few kilobytes can inflate to gigabytes. Payloads consist of digests and names, which compress to a
 * fraction, but not to nothing: beyond a first part that is cheap enough, more than this many bytes per byte of the
 * frame (or as many as a dictionary could provide) are rejected before memory is allocated for them. See
 * `compressPayload` for trees that really are that regular.
 */
const MOST_EXPANSION = 256;
const MOST_DICTIONARY_EXPANSION = 4;
const UNCONDITIONAL_BYTES = 128 * 1024 * 1024;

function smallestFrameBytes(payloadBytes: number, dictionaryBytes: number): number {
  const conditionalBytes = payloadBytes - UNCONDITIONAL_BYTES - MOST_DICTIONARY_EXPANSION * dictionaryBytes;
  return Math.max(0, Math.ceil(conditionalBytes / MOST_EXPANSION));
}

/** The magic number of a frame that decoders skip (RFC 8878, section 3.1.2); the size of what follows is next. */
const SKIPPABLE_MAGIC = 0x184d2a50;
const SKIPPABLE_HEADER_BYTES = 8;

/**
 * A payload as one zstd frame. If that is smaller than `inflatePayload` considers plausible, a skippable frame of
 * zeros makes up for it.
 * @param options the dictionary, if any, and how to compress
 */
export function compressPayload(payload: Uint8Array, options: ZstdOptions = {}): Buffer {
  // Not by Bun's function, whose frames have other bytes: an equal tree that an older version stored would no longer
  // have the same manifest.
  const frame = loadZlib().zstdCompressSync(payload, { ...options, ...inOnePiece(payload.length) });
  const dictionaryBytes = options.dictionary === undefined ? 0 : options.dictionary.byteLength;
  const lackingBytes = smallestFrameBytes(payload.length, dictionaryBytes) - frame.length;
  if (lackingBytes <= 0) return frame;
  const padding = Buffer.alloc(SKIPPABLE_HEADER_BYTES + lackingBytes);
  padding.writeUInt32LE(SKIPPABLE_MAGIC, 0);
  padding.writeUInt32LE(lackingBytes, 4);
  return Buffer.concat([frame, padding]);
}

/**
 * Pieces of a frame take as much memory as the frame that they are put together to. For smaller payloads, that does not
 * matter, and frames in pieces have the bytes that older versions wrote.
 */
const FEWEST_BYTES_IN_ONE_PIECE = 64 * 1024 * 1024;

function inOnePiece(payloadBytes: number): ZstdOptions {
  if (payloadBytes < FEWEST_BYTES_IN_ONE_PIECE) return {};
  return { chunkSize: Math.ceil(largestFileBytes(payloadBytes)) };
}

/** What a file's prefix says in addition to its kind. */
export interface PayloadPrefix {
  readonly version: number;
  readonly payloadBytes: number;
}

/**
 * The stated size may be wrong. Up to this size, memory is allocated for it at once, and up to a few times the frame
 * and the dictionary, as honest payloads are; beyond that, in steps of this size, which takes twice the payload in the
 * end.
 */
const LARGEST_STEP_BYTES = 64 * 1024 * 1024;
const HONEST_EXPANSION = 8;
const HONEST_DICTIONARY_EXPANSION = 2;
/** Of a payload that Bun's function inflates, which takes almost twice as much. */
const MOST_BYTES_BY_BUN = 16 * 1024 * 1024;

export function encodePrefix(format: PayloadFormat, { version, payloadBytes }: PayloadPrefix): Buffer {
  const prefix = Buffer.alloc(PREFIX_SIZE_BYTES);
  prefix.write(format.magic, "latin1");
  prefix.writeUInt32LE(version, 8);
  prefix.writeUInt32LE(payloadBytes, 12);
  return prefix;
}

/**
 * A file of a prefix and a frame. The frame is moved, not copied, if there is room for the prefix in its memory: it is
 * not to be used any more.
 */
export function joinFile(prefix: Buffer, frame: Buffer): Buffer {
  const sizeBytes = prefix.length + frame.length;
  // That of a small one may be shared with other buffers.
  if (frame.byteOffset !== 0 || frame.buffer.byteLength < Math.max(sizeBytes, FEWEST_BYTES_IN_ONE_PIECE)) {
    return Buffer.concat([prefix, frame]);
  }
  const file = Buffer.from(frame.buffer, 0, sizeBytes);
  file.copyWithin(prefix.length, 0, frame.length);
  prefix.copy(file);
  return file;
}

export function hasMagic(format: PayloadFormat, file: Uint8Array): boolean {
  return Buffer.from(format.magic, "latin1").equals(file.subarray(0, format.magic.length));
}

/**
 * Checks and decodes a file's prefix.
 * @param name what to call the file in errors
 * @throws BtdtError the format's damage code, CACHE_FORMAT_NEWER
 */
export function decodePrefix(format: PayloadFormat, file: Uint8Array, name: string): PayloadPrefix {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < PREFIX_SIZE_BYTES) throw damaged(format, name, "it is truncated");
  if (!hasMagic(format, bytes)) throw damaged(format, name, "its magic number is wrong");
  const version = bytes.readUInt32LE(8);
  if (version > format.newestVersion) {
    throw new BtdtError(
      "CACHE_FORMAT_NEWER",
      `${format.describe(name)} has format ${version}; this btdt reads up to ${format.newestVersion}`,
      { path: name, hint: "use the btdt version that wrote the cache, or another cache directory" },
    );
  }
  if (version === 0) throw damaged(format, name, `its format version is ${version}`);
  const payloadBytes = bytes.readUInt32LE(12);
  if (payloadBytes < format.smallestPayloadBytes || payloadBytes > LARGEST_PAYLOAD_BYTES) {
    throw damaged(format, name, "its size is out of range");
  }
  return { version, payloadBytes };
}

/**
 * The payload of a file. Never takes more memory than the file states, whatever the frame would inflate to, nor more
 * than the frame can plausibly contain, whatever the file states.
 * @param dictionary what the frame was compressed with
 * @throws BtdtError the format's damage code
 */
export function inflatePayload(
  format: PayloadFormat,
  frame: Uint8Array,
  payloadBytes: number,
  name: string,
  dictionary?: Uint8Array,
): Buffer {
  if (frame.length < smallestFrameBytes(payloadBytes, dictionary?.length ?? 0)) {
    throw damaged(format, name, "its stated size is out of proportion");
  }
  let payload: Buffer;
  try {
    payload = inflateFrame(frame, payloadBytes, dictionary);
  } catch (error) {
    throw damaged(format, name, "it does not decompress", error);
  }
  if (payload.length !== payloadBytes) throw damaged(format, name, "its size is not the stated one");
  return payload;
}

/** @throws if it is not a frame, or inflates to more */
function inflateFrame(frame: Uint8Array, payloadBytes: number, dictionary: Uint8Array | undefined): Buffer {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  // Bun's function saves loading `node:zlib`, but has no limit.
  if (dictionary === undefined && payloadBytes <= MOST_BYTES_BY_BUN && isOneFrame(bytes, payloadBytes)) {
    return Bun.zstdDecompressSync(frame);
  }
  const atOnceBytes = Math.max(
    LARGEST_STEP_BYTES,
    HONEST_EXPANSION * bytes.length + HONEST_DICTIONARY_EXPANSION * (dictionary?.length ?? 0),
  );
  return loadZlib().zstdDecompressSync(frame, {
    maxOutputLength: payloadBytes,
    chunkSize: payloadBytes <= atOnceBytes ? payloadBytes : LARGEST_STEP_BYTES,
    ...(dictionary === undefined ? {} : { dictionary }),
  });
}

export function damaged(format: PayloadFormat, name: string, what: string, cause?: unknown): BtdtError {
  return new BtdtError(format.damageCode, `${format.describe(name)} is damaged: ${what}`, {
    path: name,
    cause,
  });
}
