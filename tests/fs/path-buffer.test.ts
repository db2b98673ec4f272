import { expect, test } from "bun:test";
import * as fc from "fast-check";
import type { ByteString } from "../../src/base/byte-string.ts";
import { PathBuffer } from "../../src/fs/path-buffer.ts";

const LONGEST = 4095;
const tooLong = expect.objectContaining({ code: "PATH_TOO_LONG" });

test("what is appended is what comes out", () => {
  const buffer = new PathBuffer();
  const parts = fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 12 });
  fc.assert(
    fc.property(parts, (list) => {
      buffer.set("/root" as ByteString);
      let expected = "/root";
      for (const part of list) {
        const text = Buffer.from(part).toString("latin1");
        buffer.append(text as ByteString);
        expected += text;
      }
      expect(buffer.toBytes()).toBe(expected as ByteString);
      expect(buffer.length).toBe(expected.length);
      buffer.truncate(5);
      expect(buffer.toBytes()).toBe("/root" as ByteString);
    }),
    { numRuns: 200 },
  );
});

test("the longest path fits; one byte more is an error and changes nothing", () => {
  const longest = "x".repeat(LONGEST) as ByteString;
  expect(new PathBuffer().set(longest).toBytes()).toBe(longest);
  expect(() => new PathBuffer().set(`${longest}x` as ByteString)).toThrow(tooLong);
  const buffer = new PathBuffer().set(longest);
  expect(() => buffer.append("x" as ByteString)).toThrow(tooLong);
  expect(buffer.toBytes()).toBe(longest);
});
