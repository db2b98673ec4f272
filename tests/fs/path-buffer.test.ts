import { expect, test } from "bun:test";
import * as fc from "fast-check";
import type { ByteString } from "../../src/base/byte-string.ts";
import { PathBuffer } from "../../src/fs/path-buffer.ts";

const LONGEST = 4095;
const tooLong = expect.objectContaining({ code: "PATH_TOO_LONG" });

test("what is appended in any way is what comes out", () => {
  const buffer = new PathBuffer();
  const parts = fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { maxLength: 12 });
  fc.assert(
    fc.property(parts, (list) => {
      buffer.set("/root" as ByteString);
      let expected = "/root";
      for (const [index, part] of list.entries()) {
        const text = Buffer.from(part).toString("latin1");
        if (index % 3 === 0) buffer.append(text as ByteString);
        else if (index % 3 === 1) buffer.appendBytes(part, 0, part.length);
        else buffer.appendHex(part, 0, part.length);
        expected += index % 3 === 2 ? Buffer.from(part).toString("hex") : text;
        buffer.appendByte(0x2f);
        expected += "/";
      }
      expect(buffer.toBytes()).toBe(expected as ByteString);
      expect(buffer.length).toBe(expected.length);
      buffer.truncate(5);
      expect(buffer.toBytes()).toBe("/root" as ByteString);
    }),
    { numRuns: 200 },
  );
});

test("parts of arrays", () => {
  const bytes = Uint8Array.from([0x61, 0x62, 0x63, 0xff]);
  expect(new PathBuffer().appendBytes(bytes, 1, 4).toBytes()).toBe("bc\xff" as ByteString);
  expect(new PathBuffer().appendHex(bytes, 2, 4).toBytes()).toBe("63ff" as ByteString);
});

test("the longest path fits; one byte more is an error, in every way of appending, and changes nothing", () => {
  const longest = "x".repeat(LONGEST) as ByteString;
  expect(new PathBuffer().set(longest).toBytes()).toBe(longest);
  expect(() => new PathBuffer().set(`${longest}x` as ByteString)).toThrow(tooLong);
  const appends: ((buffer: PathBuffer) => void)[] = [
    (buffer) => buffer.append("x" as ByteString),
    (buffer) => buffer.appendText("x"),
    (buffer) => buffer.appendByte(0x2f),
    (buffer) => buffer.appendBytes(Uint8Array.of(1), 0, 1),
    (buffer) => buffer.appendHex(Uint8Array.of(1), 0, 1),
  ];
  for (const append of appends) {
    const buffer = new PathBuffer().set(longest);
    expect(() => append(buffer)).toThrow(tooLong);
    expect(buffer.toBytes()).toBe(longest);
  }
});
