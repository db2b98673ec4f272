import { expect, test } from "bun:test";
import * as fc from "fast-check";
import type { ByteString } from "../../../src/base/byte-string.ts";
import { PathBuffer } from "../../../src/fs/native/path-buffer.ts";

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

test("bytes, digits and numbers are appended as their strings would be", () => {
  const buffer = new PathBuffer();
  const bytes = fc.uint8Array({ maxLength: 40 });
  fc.assert(
    fc.property(
      bytes,
      fc.nat(2 ** 31 - 1),
      fc.constantFrom(2, 8, 10, 16),
      fc.nat(12),
      (source, value, radix, digits) => {
        const middle = Math.floor(source.length / 2);
        buffer
          .set("/" as ByteString)
          .appendBytes(Buffer.from(source), middle, source.length)
          .appendBytes(Buffer.from(source), 0, middle);
        buffer.appendByte(0x2d).appendNumber(value, radix, digits);
        const expected = [
          "/",
          Buffer.from(source.subarray(middle)).toString("latin1"),
          Buffer.from(source.subarray(0, middle)).toString("latin1"),
          "-",
          value.toString(radix).padStart(digits, "0"),
        ];
        expect(buffer.toBytes()).toBe(expected.join("") as ByteString);
      },
    ),
    {
      numRuns: 500,
      examples: [
        [new Uint8Array(2), 0, 10, 0],
        [new Uint8Array(1), 2 ** 31 - 1, 8, 1],
        ...[0, 9, 99_999_999, 1e8, 999_999_999, 1e9, 2 ** 31 - 1].flatMap((value) =>
          [1, 9, 10].map((digits): [Uint8Array, number, number, number] => [
            new Uint8Array(0),
            value,
            10,
            digits,
          ]),
        ),
      ],
    },
  );
});

test("none of them exceeds the longest path", () => {
  const full = new PathBuffer().set("x".repeat(LONGEST - 1) as ByteString);
  const two = Buffer.alloc(2);
  expect(() => full.appendBytes(two, 0, 2)).toThrow(tooLong);
  for (const value of [10, 1e8, 1e9]) expect(() => full.appendNumber(value, 10)).toThrow(tooLong);
  expect(() => full.appendNumber(1, 10, 9)).toThrow(tooLong);
  expect(full.appendByte(0x79).length).toBe(LONGEST);
  expect(() => full.appendByte(0x79)).toThrow(tooLong);
});
