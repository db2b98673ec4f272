import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { formatPaxTime, parsePaxTime } from "../../../src/archive/tar/pax-time.ts";

test("times before 1970 count backwards from it", () => {
  expect(parsePaxTime("-5.25")).toEqual({ seconds: -6, nanoseconds: 750_000_000 });
  expect(formatPaxTime({ seconds: -6, nanoseconds: 750_000_000 })).toBe("-5.25");
  expect(parsePaxTime("-0.000000001")).toEqual({ seconds: -1, nanoseconds: 999_999_999 });
  expect(formatPaxTime({ seconds: -1, nanoseconds: 0 })).toBe("-1");
});

test("fractions of a nanosecond are rounded down", () => {
  expect(parsePaxTime("1.0000000019")).toEqual({ seconds: 1, nanoseconds: 1 });
  expect(parsePaxTime("-1.0000000019")).toEqual({ seconds: -2, nanoseconds: 999_999_998 });
  expect(parsePaxTime("-1.0000000010")).toEqual({ seconds: -2, nanoseconds: 999_999_999 });
});

test("anything but a decimal number is no time", () => {
  for (const text of ["", "-", ".5", "1e9", "NaN", " 1", "1 ", "+1", "1.2.3", "1".repeat(16)]) {
    expect({ text, time: parsePaxTime(text) }).toEqual({ text, time: undefined });
  }
});

test("every time survives", () => {
  const time = fc.record({
    seconds: fc.integer({ min: -999_999_999_999_998, max: 999_999_999_999_999 }),
    nanoseconds: fc.integer({ min: 0, max: 999_999_999 }),
  });
  fc.assert(fc.property(time, (each) => expect(parsePaxTime(formatPaxTime(each))).toEqual(each)));
});
