import { CHUNK_SIZE_BYTES, chunkCount, digestOfChunks, digestsBetween } from "../../base/digest.ts";
import { BtdtError } from "../../base/errors.ts";
import {
  compressPayload,
  damaged,
  decodePrefix,
  encodePrefix,
  inflatePayload,
  LARGEST_PAYLOAD_BYTES,
  type PayloadFormat,
  PREFIX_SIZE_BYTES,
} from "../../base/format/payload-file.ts";
import { at } from "../../manifest/manifest.ts";
import { areBlockSizesSound, isCodecNumber } from "./block-codec.ts";
import { INDEX_HEADER_BYTES, indexLayoutOf, NONCE_BYTES, PACK_HEADER_BYTES } from "./index-layout.ts";
import { PackIndex } from "./pack-index.ts";

const INDEX_FILE: PayloadFormat = {
  magic: "BTDTPIDX",
  newestVersion: 1,
  smallestPayloadBytes: INDEX_HEADER_BYTES,
  describe: (name) => `the index of pack ${name}`,
  damageCode: "PACK_DAMAGED",
};

/** A pack starts with its own magic, the version, a zero word and the nonce. */
const PACK_MAGIC = Buffer.from("BTDTPACK", "latin1");
const PACK_VERSION = 1;

export function encodePackHeader(nonce: Uint8Array): Buffer {
  const header = Buffer.alloc(PACK_HEADER_BYTES);
  PACK_MAGIC.copy(header);
  header.writeUInt32LE(PACK_VERSION, 8);
  header.set(nonce, PREFIX_SIZE_BYTES);
  return header;
}

/** Whether the first bytes of a pack match its index. */
export function isPackHeader(header: Uint8Array, nonce: Uint8Array): boolean {
  return encodePackHeader(nonce).equals(header);
}

/** @throws BtdtError SOURCE_UNSUPPORTED */
export function encodePackIndex(index: PackIndex): Buffer {
  if (index.payload.length > LARGEST_PAYLOAD_BYTES) {
    throw new BtdtError("SOURCE_UNSUPPORTED", "too many files for one pack", {
      hint: "store parts of the tree under separate keys",
    });
  }
  return Buffer.concat([
    encodePrefix(INDEX_FILE, { version: 1, payloadBytes: index.payload.length }),
    compressPayload(index.payload),
  ]);
}

/**
 * Reads an index file with distrust: everything in it is consistent.
 * @param name what to call the pack in errors
 * @throws BtdtError PACK_DAMAGED, CACHE_FORMAT_NEWER
 */
export function decodePackIndex(file: Uint8Array, name: string): PackIndex {
  const { payloadBytes } = decodePrefix(INDEX_FILE, file, name);
  const payload = inflatePayload(INDEX_FILE, file.subarray(PREFIX_SIZE_BYTES), payloadBytes, name);
  const buffer = new ArrayBuffer(payloadBytes);
  new Uint8Array(buffer).set(payload);
  const header = new Uint32Array(buffer, 0, INDEX_HEADER_BYTES / 4);
  const counts = {
    blockCount: at(header, 0),
    contentCount: at(header, 1),
    largeCount: at(header, 2),
    chunkCount: at(header, 3),
  };
  const reserved = header.subarray((PREFIX_SIZE_BYTES + NONCE_BYTES) / 4);
  if (reserved.some((word) => word !== 0) || indexLayoutOf(counts).sizeBytes !== payloadBytes) {
    throw damaged(INDEX_FILE, name, "its columns are inconsistent");
  }
  const index = new PackIndex(buffer, counts);
  const problem = problemOfBlocks(index) ?? problemOfLarges(index);
  if (problem !== undefined) throw damaged(INDEX_FILE, name, problem);
  return index;
}

/** Visits every content of a pack before one is restored: a plain loop. */
function problemOfBlocks(index: PackIndex): string | undefined {
  const { blockCount, contentCount } = index.counts;
  const { contentSizes } = index;
  let content = 0;
  for (let block = 0; block < blockCount; block++) {
    const end = at(index.blockContentEnds, block);
    if (end <= content || end > contentCount) return "its blocks are inconsistent";
    let contentBytes = 0;
    for (; content < end; content++) {
      const sizeBytes = contentSizes[content] ?? 0;
      if (sizeBytes === 0) return "a content is empty";
      contentBytes += sizeBytes;
    }
    const codec = at(index.blockCodecs, block);
    if (!isCodecNumber(codec)) return "a block has an unknown codec";
    if (!areBlockSizesSound(codec, at(index.blockStoredSizes, block), contentBytes)) {
      return "a block's size is out of range";
    }
  }
  return content === contentCount ? undefined : "its blocks are inconsistent";
}

function problemOfLarges(index: PackIndex): string | undefined {
  const { largeCount, chunkCount: allChunks } = index.counts;
  let first = 0;
  for (let large = 0; large < largeCount; large++) {
    const end = at(index.largeChunkEnds, large);
    const sizeBytes = index.largeSizes[large] ?? Number.NaN;
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes <= CHUNK_SIZE_BYTES)
      return "a file's size is out of range";
    if (end > allChunks || end - first !== chunkCount(sizeBytes)) return "a file's chunks are inconsistent";
    const digest = digestOfChunks(sizeBytes, digestsBetween(index.chunkDigests, first, end));
    if (Buffer.compare(digest, index.largeDigestAt(large)) !== 0)
      return "a file's chunks do not match its digest";
    first = end;
  }
  return first === allChunks ? undefined : "a file's chunks are inconsistent";
}
