import { expect, test } from "bun:test";
import { zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import { deflateSync } from "fflate";
import type { Compression } from "../../../src/base/compression.ts";
import { isBtdtError } from "../../../src/base/errors.ts";
import { areBlockSizesSound, compressBlock, decompressBlock } from "../../../src/packs/format/block-codec.ts";

const compressions = fc.constantFrom<Compression>(
  { codec: "zstd", level: 1 },
  { codec: "zstd", level: 3 },
  { codec: "zstd", level: 19 },
  { codec: "deflate", level: 1 },
  { codec: "deflate", level: 9 },
  { codec: "none", level: 0 },
);
const contents = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 5000 }),
  fc.string({ minLength: 1, maxLength: 50 }).map((text) => Buffer.from(`${text}x`.repeat(100))),
);

test("compression is lossless", () => {
  fc.assert(
    fc.property(contents, compressions, (content, compression) => {
      const { codecNumber, stored } = compressBlock(content, compression);
      expect(areBlockSizesSound(codecNumber, stored.length, content.length)).toBe(true);
      const back = decompressBlock(codecNumber, stored, content.length);
      expect(Buffer.compare(back, content)).toBe(0);
    }),
  );
});

test("damaged blocks are an error or wrong, never more than they may be", () => {
  fc.assert(
    fc.property(contents, compressions, fc.nat(), fc.nat({ max: 7 }), (content, compression, at, bit) => {
      const { codecNumber, stored } = compressBlock(content, compression);
      const damaged = Uint8Array.from(stored);
      damaged[at % damaged.length] = (damaged[at % damaged.length] ?? 0) ^ (1 << bit);
      try {
        expect(decompressBlock(codecNumber, damaged, content.length)).toHaveLength(content.length);
      } catch (error) {
        expect(isBtdtError(error, "PACK_DAMAGED")).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
});

test("a block that inflates to more, or less, than it states is damage", () => {
  const bomb = new Uint8Array(8 * 1024 * 1024);
  for (const [codecNumber, stored] of [
    [1, zstdCompressSync(bomb)],
    [2, deflateSync(bomb)],
  ] as const) {
    for (const stated of [1, 4 * 1024 * 1024]) {
      expect(() => decompressBlock(codecNumber, stored, stated)).toThrow(/^a block does not/);
    }
  }
  const few = new Uint8Array(10);
  expect(() => decompressBlock(1, zstdCompressSync(few), 11)).toThrow(/^a block does not/);
  expect(() => decompressBlock(2, deflateSync(few), 11)).toThrow(/^a block does not/);
});
