import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { formatNumber } from "../../src/base/format-number.ts";

test("numbers are grouped as in English", () => {
  fc.assert(
    fc.property(fc.nat(Number.MAX_SAFE_INTEGER), fc.integer({ min: 1, max: 15 }), (number, digits) => {
      const shorter = Math.floor(number / 10 ** digits);
      expect(formatNumber(shorter)).toBe(shorter.toLocaleString("en-US"));
    }),
    { verbose: true },
  );
  expect([0, 999, 1000, 81_651, 1_000_000].map(formatNumber)).toEqual([
    "0",
    "999",
    "1,000",
    "81,651",
    "1,000,000",
  ]);
});
