import { DIGEST_SIZE_BYTES, digestAt, digestsBetween } from "../../base/digest.ts";
import { at } from "../../manifest/manifest.ts";
import {
  CONTENT_ID_BYTES,
  indexLayoutOf,
  NONCE_BYTES,
  PACK_HEADER_BYTES,
  type PackIndexCounts,
} from "./index-layout.ts";

/** Where a block is in its pack, and what is known about it before it is read. */
export interface StoredBlock {
  readonly offset: number;
  readonly storedBytes: number;
  readonly contentBytes: number;
  readonly codecNumber: number;
  /** XXH3-64 of its bytes in the pack. */
  readonly checksum: bigint;
}

/**
 * The contents of a pack, as columns over one block of memory. `docs/format.md` has the layout.
 *
 * Blocks are consecutive in the pack, and contents are consecutive in their block, so no offsets are stored. A
 * content is a whole file of up to one chunk, or a chunk of a larger file. For a large file, the index lists the
 * digests of its chunks, which may be in other packs.
 */
export class PackIndex {
  readonly counts: PackIndexCounts;
  readonly payload: Uint8Array;
  /** What identifies a pack and its index as belonging together. */
  readonly nonce: Uint8Array;
  /** XXH3-64 of each block's stored bytes. */
  readonly blockChecksums: BigUint64Array;
  readonly blockStoredSizes: Uint32Array;
  /** The end of each block's contents. */
  readonly blockContentEnds: Uint32Array;
  readonly blockCodecs: Uint8Array;
  readonly contentSizes: Uint32Array;
  /** 16 bytes each. */
  readonly contentIds: Uint8Array;
  readonly largeSizes: Float64Array;
  readonly largeDigests: Uint8Array;
  readonly largeChunkEnds: Uint32Array;
  readonly chunkDigests: Uint8Array;
  private blockOffsets: Float64Array | undefined;
  private blockContentSizes: Float64Array | undefined;

  constructor(buffer: ArrayBuffer, counts: PackIndexCounts) {
    const layout = indexLayoutOf(counts);
    const { blockCount: blocks, contentCount: contents, largeCount: larges, chunkCount: chunks } = counts;
    this.counts = counts;
    this.payload = new Uint8Array(buffer, 0, layout.sizeBytes);
    this.nonce = new Uint8Array(buffer, 16, NONCE_BYTES);
    this.blockChecksums = new BigUint64Array(buffer, layout.blockChecksums, blocks);
    this.largeSizes = new Float64Array(buffer, layout.largeSizes, larges);
    this.blockStoredSizes = new Uint32Array(buffer, layout.blockStoredSizes, blocks);
    this.blockContentEnds = new Uint32Array(buffer, layout.blockContentEnds, blocks);
    this.contentSizes = new Uint32Array(buffer, layout.contentSizes, contents);
    this.largeChunkEnds = new Uint32Array(buffer, layout.largeChunkEnds, larges);
    this.contentIds = new Uint8Array(buffer, layout.contentIds, contents * CONTENT_ID_BYTES);
    this.largeDigests = new Uint8Array(buffer, layout.largeDigests, larges * DIGEST_SIZE_BYTES);
    this.chunkDigests = new Uint8Array(buffer, layout.chunkDigests, chunks * DIGEST_SIZE_BYTES);
    this.blockCodecs = new Uint8Array(buffer, layout.blockCodecs, blocks);
  }

  static allocate(counts: PackIndexCounts, nonce: Uint8Array): PackIndex {
    const buffer = new ArrayBuffer(indexLayoutOf(counts).sizeBytes);
    const header = new Uint32Array(buffer, 0, 4);
    header.set([counts.blockCount, counts.contentCount, counts.largeCount, counts.chunkCount]);
    const index = new PackIndex(buffer, counts);
    index.nonce.set(nonce);
    return index;
  }

  firstContentOf(block: number): number {
    return block === 0 ? 0 : at(this.blockContentEnds, block - 1);
  }

  firstChunkOf(large: number): number {
    return large === 0 ? 0 : at(this.largeChunkEnds, large - 1);
  }

  storedBlock(block: number): StoredBlock {
    return {
      offset: this.blockOffset(block),
      storedBytes: at(this.blockStoredSizes, block),
      contentBytes: this.blockContentBytes(block),
      codecNumber: at(this.blockCodecs, block),
      checksum: this.blockChecksums[block] ?? 0n,
    };
  }

  /** The offset of a block in the pack. The sizes before it must be final. */
  private blockOffset(block: number): number {
    this.blockOffsets ??= offsetsOf(this.blockStoredSizes);
    return at(this.blockOffsets, block);
  }

  /** The total size of a block's contents. The sizes must be final. */
  blockContentBytes(block: number): number {
    this.blockContentSizes ??= sumsOf(this.contentSizes, this.blockContentEnds);
    return at(this.blockContentSizes, block);
  }

  /** The size of the pack, including its header. */
  packBytes(): number {
    return this.blockStoredSizes.reduce((sum, sizeBytes) => sum + sizeBytes, PACK_HEADER_BYTES);
  }

  contentIdAt(content: number): Uint8Array {
    return this.contentIds.subarray(content * CONTENT_ID_BYTES, (content + 1) * CONTENT_ID_BYTES);
  }

  largeDigestAt(large: number): Uint8Array {
    return digestAt(this.largeDigests, large);
  }

  /** The digests of a large file's chunks, 32 bytes each. */
  chunkDigestsOf(large: number): Uint8Array {
    return digestsBetween(this.chunkDigests, this.firstChunkOf(large), at(this.largeChunkEnds, large));
  }
}

function offsetsOf(storedSizes: Uint32Array): Float64Array {
  const offsets = new Float64Array(storedSizes.length);
  let offset = PACK_HEADER_BYTES;
  for (const [block, sizeBytes] of storedSizes.entries()) {
    offsets[block] = offset;
    offset += sizeBytes;
  }
  return offsets;
}

/** Of consecutive runs of numbers. @param ends where each run ends */
function sumsOf(numbers: Uint32Array, ends: Uint32Array): Float64Array {
  const sums = new Float64Array(ends.length);
  let index = 0;
  for (let run = 0; run < ends.length; run++) {
    const end = ends[run] ?? 0;
    let sum = 0;
    for (; index < end; index++) sum += numbers[index] ?? 0;
    sums[run] = sum;
  }
  return sums;
}
