import { expect, test } from "bun:test";
import { zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import { CHUNK_SIZE_BYTES, chunkCount, DIGEST_SIZE_BYTES, digestOfChunks } from "../../../src/base/digest.ts";
import { isBtdtError } from "../../../src/base/errors.ts";
import { decodePackIndex, encodePackIndex } from "../../../src/packs/format/index-codec.ts";
import { CONTENT_ID_BYTES, NONCE_BYTES } from "../../../src/packs/format/index-layout.ts";
import { PackIndex } from "../../../src/packs/format/pack-index.ts";

const PREFIX_BYTES = 16;

const indexes = fc
  .record({
    blocks: fc.array(fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 5 }), {
      maxLength: 6,
    }),
    larges: fc.array(fc.integer({ min: CHUNK_SIZE_BYTES + 1, max: 5 * CHUNK_SIZE_BYTES }), { maxLength: 3 }),
    seed: fc.uint8Array({ minLength: NONCE_BYTES, maxLength: NONCE_BYTES }),
  })
  .map(({ blocks, larges, seed }) => indexOf(blocks, larges, seed));

function indexOf(blocks: readonly number[][], larges: readonly number[], seed: Uint8Array): PackIndex {
  const bytes = (length: number, salt: number): Uint8Array =>
    Uint8Array.from({ length }, (_, index) => (seed[(index + salt) % NONCE_BYTES] ?? 0) + index);
  const index = PackIndex.allocate(
    {
      blockCount: blocks.length,
      contentCount: blocks.flat().length,
      largeCount: larges.length,
      chunkCount: larges.reduce((sum, sizeBytes) => sum + chunkCount(sizeBytes), 0),
    },
    seed,
  );
  index.contentSizes.set(blocks.flat());
  index.contentIds.set(bytes(index.counts.contentCount * CONTENT_ID_BYTES, 3));
  let end = 0;
  for (const [block, sizes] of blocks.entries()) {
    end += sizes.length;
    index.blockContentEnds[block] = end;
    index.blockStoredSizes[block] = sizes.reduce((sum, size) => sum + size, 0);
    index.blockChecksums[block] = BigInt(block) << 40n;
  }
  let chunk = 0;
  for (const [large, sizeBytes] of larges.entries()) {
    const digests = bytes(chunkCount(sizeBytes) * DIGEST_SIZE_BYTES, large);
    index.chunkDigests.set(digests, chunk * DIGEST_SIZE_BYTES);
    chunk += chunkCount(sizeBytes);
    index.largeChunkEnds[large] = chunk;
    index.largeSizes[large] = sizeBytes;
    index.largeDigests.set(digestOfChunks(sizeBytes, digests), large * DIGEST_SIZE_BYTES);
  }
  return index;
}

/** What reading a file that is not what it was may end in. */
function expectRefusal(error: unknown): void {
  if (!isBtdtError(error, "PACK_DAMAGED") && !isBtdtError(error, "CACHE_FORMAT_NEWER")) throw error;
}

test("an index comes back as it was", () => {
  fc.assert(
    fc.property(indexes, (index) => {
      const back = decodePackIndex(encodePackIndex(index), "p");
      expect(back.counts).toEqual(index.counts);
      expect(Buffer.compare(back.payload, index.payload)).toBe(0);
      expect(back.packBytes()).toBe(index.packBytes());
    }),
  );
});

test("a truncated index is damage", () => {
  fc.assert(
    fc.property(indexes, fc.nat(), (index, at) => {
      const bytes = encodePackIndex(index);
      expect(() => decodePackIndex(bytes.subarray(0, at % bytes.length), "p")).toThrow(
        /index of pack p is damaged/,
      );
    }),
  );
});

test("a flipped bit in the file is damage, or is in what only the name guards", () => {
  fc.assert(
    fc.property(indexes, fc.nat(), fc.nat({ max: 7 }), (index, at, bit) => {
      const bytes = encodePackIndex(index);
      bytes.writeUInt8(bytes.readUInt8(at % bytes.length) ^ (1 << bit), at % bytes.length);
      try {
        decodePackIndex(bytes, "p");
      } catch (error) {
        expectRefusal(error);
      }
    }),
    { numRuns: 500 },
  );
});

test("whatever a payload contains, what is accepted is consistent", () => {
  fc.assert(
    fc.property(indexes, fc.nat(), fc.nat({ max: 2 ** 32 - 1 }), (index, at, word) => {
      const payload = Buffer.from(index.payload);
      payload.writeUInt32LE(word, (at % (payload.length >> 2)) * 4);
      const prefix = encodePackIndex(index).subarray(0, PREFIX_BYTES);
      try {
        const back = decodePackIndex(Buffer.concat([prefix, zstdCompressSync(payload)]), "p");
        const { blockCount, contentCount } = back.counts;
        expect(blockCount === 0 ? 0 : back.blockContentEnds[blockCount - 1]).toBe(contentCount);
        for (let block = 0; block < blockCount; block++) {
          expect(back.blockContentBytes(block)).toBeLessThanOrEqual(CHUNK_SIZE_BYTES);
        }
      } catch (error) {
        expectRefusal(error);
      }
    }),
    { numRuns: 500 },
  );
});
