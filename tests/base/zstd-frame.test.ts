import { expect, test } from "bun:test";
import { constants, zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import { isOneFrame } from "../../src/base/format/zstd-frame.ts";

const LARGEST_BYTES = 300_000;

/** Text that repeats, zeros, and bytes that do not compress: the three kinds of blocks. */
const contents = fc
  .tuple(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.constantFrom(1, 3, 2000), fc.nat(LARGEST_BYTES))
  .map(([piece, repetitions, zeroBytes]) =>
    Buffer.concat([...Array.from({ length: repetitions }, () => piece), Buffer.alloc(zeroBytes)]),
  );

const compress = (content: Uint8Array, hasChecksum = false): Buffer =>
  zstdCompressSync(content, { params: { [constants.ZSTD_c_checksumFlag]: hasChecksum ? 1 : 0 } });

test("one whole frame that states its size is recognized, and no other size", () => {
  fc.assert(
    fc.property(contents, fc.boolean(), (content, hasChecksum) => {
      const frame = compress(content, hasChecksum);
      expect(isOneFrame(frame, content.length)).toBe(true);
      expect(isOneFrame(frame, content.length + 1)).toBe(false);
      expect(isOneFrame(frame, content.length - 1)).toBe(false);
    }),
  );
});

test("what is cut off, or followed by anything, is not one frame", () => {
  fc.assert(
    fc.property(contents, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 40 }), (content, cut, rest) => {
      const frame = compress(content);
      expect(isOneFrame(frame.subarray(0, cut % frame.length), content.length)).toBe(false);
      expect(isOneFrame(Buffer.concat([frame, rest]), content.length)).toBe(false);
      expect(isOneFrame(Buffer.concat([frame, frame]), content.length)).toBe(false);
    }),
  );
});

test("arbitrary bytes are not a frame and do no harm", () => {
  const magic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(70_000), (bytes, contentBytes) => {
      expect(isOneFrame(Buffer.from(bytes), contentBytes)).toBe(false);
      // Whatever it takes for a frame, the decoder then keeps to the stated size.
      const frame = Buffer.concat([magic, bytes]);
      if (!isOneFrame(frame, contentBytes)) return;
      let inflatedBytes = 0;
      try {
        inflatedBytes = Bun.zstdDecompressSync(frame).length;
      } catch {
        return;
      }
      expect(inflatedBytes).toBe(contentBytes);
    }),
    { numRuns: 2000 },
  );
});

test("a frame that states less than it has in it takes no memory", () => {
  const contentBytes = 256 * 1024 * 1024;
  const frame = compress(Buffer.alloc(contentBytes));
  const SIZE_AT = 6;
  expect(frame.readUInt32LE(SIZE_AT)).toBe(contentBytes);
  frame.writeUInt32LE(600, SIZE_AT);
  expect(isOneFrame(frame, 600)).toBe(true);
  const before = process.memoryUsage.rss();
  expect(() => Bun.zstdDecompressSync(frame)).toThrow();
  expect(process.memoryUsage.rss() - before).toBeLessThan(contentBytes / 4);
});
