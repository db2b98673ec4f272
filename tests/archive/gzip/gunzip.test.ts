import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { gunzip } from "../../../src/archive/gzip/gunzip.ts";
import { codeOf, flipByte, inPieces } from "../../support/archive-entries.ts";

const text = Buffer.from("some text that compresses, compresses, compresses ".repeat(40));
const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(3000)));

async function inflate(bytes: Uint8Array, pieceBytes: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const piece of gunzip(inPieces(bytes, pieceBytes))) parts.push(piece.slice());
  return Buffer.concat(parts);
}

for (const pieceBytes of [1, 13, 100_000]) {
  describe(`in pieces of ${pieceBytes}`, () => {
    test("members one after the other are one content, and zeros may follow", async () => {
      const bytes = Buffer.concat([gzipSync(text), gzipSync(noise), Buffer.alloc(1000)]);
      expect((await inflate(bytes, pieceBytes)).equals(Buffer.concat([text, noise]))).toBe(true);
    });

    test("anything else that follows is rejected", async () => {
      for (const rest of ["x", "some text", "\0\0\0x", "\x1f\x8b\x09\x09"]) {
        const bytes = Buffer.concat([gzipSync(text), Buffer.from(rest, "latin1")]);
        expect({ rest, code: await codeOf(inflate(bytes, pieceBytes)) }).toEqual({
          rest,
          code: "ARCHIVE_INVALID",
        });
      }
    });

    test("one that is truncated anywhere is rejected", async () => {
      const bytes = gzipSync(text);
      for (let size = 0; size < bytes.length; size++) {
        const code = await codeOf(inflate(bytes.subarray(0, size), pieceBytes));
        expect({ size, code }).toEqual({ size, code: "ARCHIVE_INVALID" });
      }
    });
  });
}

test("a flipped bit is detected, or does not affect the content", async () => {
  const bytes = gzipSync(text);
  let foundCount = 0;
  for (let index = 0; index < bytes.length; index++) {
    const result = await inflate(flipByte(bytes, index), 64).catch((error: unknown) => error);
    if (result instanceof Error) {
      expect(result).toMatchObject({ code: "ARCHIVE_INVALID" });
      foundCount += 1;
    } else expect((result as Buffer).equals(text)).toBe(true);
  }
  // All but those of the header's time and system.
  expect(foundCount).toBeGreaterThanOrEqual(bytes.length - 8);
});

test("the failure of the compressed stream is the one that is reported", async () => {
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield gzipSync(noise).subarray(0, 100);
    throw new Error("unreadable on purpose");
  }
  const drain = async (): Promise<void> => {
    for await (const _ of gunzip(failing()));
  };
  expect(await drain().catch(String)).toBe("Error: unreadable on purpose");
});
