import { expect, test } from "bun:test";
import { formatTime } from "../../src/base/iso-time.ts";

test("times are written in UTC, those beyond a Date as the furthest one", () => {
  for (const [timeMs, expected] of [
    [0, "1970-01-01T00:00:00.000Z"],
    [-1, "1969-12-31T23:59:59.999Z"],
    [8.64e15, "+275760-09-13T00:00:00.000Z"],
    [8.999e15, "+275760-09-13T00:00:00.000Z"],
    [-9e15, "-271821-04-20T00:00:00.000Z"],
    [Number.POSITIVE_INFINITY, "+275760-09-13T00:00:00.000Z"],
  ] as const) {
    expect(formatTime(timeMs)).toBe(expected);
  }
});
