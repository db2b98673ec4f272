import { chunkCount, DIGEST_SIZE_BYTES } from "../../base/digest.ts";
import { CONTENT_ID_BYTES } from "../format/index-layout.ts";
import { PackIndex } from "../format/pack-index.ts";
import type { PackedBlock } from "./block-writer.ts";

/** A file larger than one chunk, whose chunks are contents in a pack. */
export interface LargeContent {
  readonly sizeBytes: number;
  readonly digest: Uint8Array;
  readonly chunkDigests: Uint8Array;
}

/** @param unordered the pack's blocks, in any order */
export function buildIndex(
  unordered: readonly PackedBlock[],
  larges: readonly LargeContent[],
  nonce: Uint8Array,
): PackIndex {
  const blocks = unordered.toSorted((left, right) => left.offset - right.offset);
  const index = PackIndex.allocate(
    {
      blockCount: blocks.length,
      contentCount: blocks.reduce((sum, block) => sum + block.contentSizes.length, 0),
      largeCount: larges.length,
      chunkCount: larges.reduce((sum, { sizeBytes }) => sum + chunkCount(sizeBytes), 0),
    },
    nonce,
  );
  let content = 0;
  for (const [number, block] of blocks.entries()) {
    index.blockChecksums[number] = block.checksum;
    index.blockStoredSizes[number] = block.storedBytes;
    index.blockCodecs[number] = block.codecNumber;
    index.contentSizes.set(block.contentSizes, content);
    index.contentIds.set(block.contentIds, content * CONTENT_ID_BYTES);
    content += block.contentSizes.length;
    index.blockContentEnds[number] = content;
  }
  let chunk = 0;
  for (const [number, large] of larges.entries()) {
    index.largeSizes[number] = large.sizeBytes;
    index.largeDigests.set(large.digest, number * DIGEST_SIZE_BYTES);
    index.chunkDigests.set(large.chunkDigests, chunk * DIGEST_SIZE_BYTES);
    chunk += chunkCount(large.sizeBytes);
    index.largeChunkEnds[number] = chunk;
  }
  return index;
}
