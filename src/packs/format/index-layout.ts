import { DIGEST_SIZE_BYTES } from "../../base/digest.ts";
import { layOutColumns } from "../../base/format/column-layout.ts";

/** A pack starts with 8 bytes of magic, its format version and a reserved word, followed by its nonce. */
export const PACK_HEADER_BYTES = 32;
export const NONCE_BYTES = 16;

export const INDEX_HEADER_BYTES = 64;

/**
 * Contents are listed by the first half of their digests: enough to distinguish them, and it halves the index.
 * A reader checks the whole digest of a content, which is in the manifest or the chunk list.
 */
export const CONTENT_ID_BYTES = 16;

export interface PackIndexCounts {
  readonly blockCount: number;
  readonly contentCount: number;
  readonly largeCount: number;
  /** Of all large files together. */
  readonly chunkCount: number;
}

/** Widest elements first, so that every column is aligned to its element size. */
export function indexLayoutOf(counts: PackIndexCounts) {
  const { blockCount: blocks, contentCount: contents, largeCount: larges, chunkCount: chunks } = counts;
  const { column, endBytes } = layOutColumns(INDEX_HEADER_BYTES);
  return {
    blockChecksums: column(blocks, 8),
    largeSizes: column(larges, 8),
    blockStoredSizes: column(blocks, 4),
    blockContentEnds: column(blocks, 4),
    contentSizes: column(contents, 4),
    largeChunkEnds: column(larges, 4),
    contentIds: column(contents, CONTENT_ID_BYTES),
    largeDigests: column(larges, DIGEST_SIZE_BYTES),
    chunkDigests: column(chunks, DIGEST_SIZE_BYTES),
    blockCodecs: column(blocks, 1),
    sizeBytes: endBytes(),
  };
}
