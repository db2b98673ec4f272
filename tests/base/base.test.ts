import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import {
  type ByteString,
  bytesFromBuffer,
  bytesFromText,
  display,
  escapeControls,
  fsPath,
  joinBytes,
  parentOf,
  textFromBytes,
} from "../../src/base/byte-string.ts";
import { formatDuration, parseDurationMs } from "../../src/base/duration.ts";
import { BtdtError, isBtdtError } from "../../src/base/errors.ts";
import { formatSize, parseSizeBytes } from "../../src/base/size.ts";

const usage = expect.objectContaining({ code: "USAGE" });
const text = fc.string({ unit: "binary", maxLength: 40 }).map((value) => value.toWellFormed());

describe("sizes", () => {
  const sizes: [string, number][] = [
    ["0", 0],
    ["17B", 17],
    ["1k", 1000],
    ["1K", 1000],
    ["1Ki", 1024],
    ["500MB", 500_000_000],
    ["500Mi", 524_288_000],
    ["500 MiB", 524_288_000],
    ["1G", 1_000_000_000],
    ["10GiB", 10_737_418_240],
    [" 1.5 tib ", 1_649_267_441_664],
    ["2P", 2_000_000_000_000_000],
  ];
  for (const [given, expected] of sizes) {
    test(given, () => {
      expect(parseSizeBytes(given)).toBe(expected);
    });
  }

  for (const wrong of [
    "ten",
    "",
    " ",
    "-1",
    "1e3",
    "0x10",
    "1.",
    ".5",
    "1,5G",
    "10 GiB x",
    "10GiBs",
    "1 0",
    "10",
    "9P9",
    "NaN",
    "10000P",
  ]) {
    test(`${JSON.stringify(wrong)} is rejected`, () => {
      expect(() => parseSizeBytes(wrong)).toThrow(usage);
    });
  }

  test("any other text is rejected as such", () => {
    fc.assert(
      fc.property(text, (given) => {
        try {
          expect(parseSizeBytes(given)).toBeGreaterThanOrEqual(0);
        } catch (error) {
          if (!isBtdtError(error, "USAGE")) throw error;
        }
      }),
      { numRuns: 300 },
    );
  });

  test("are shown in a few characters, within a twentieth, and can be read back", () => {
    fc.assert(
      fc.property(fc.oneof(fc.nat({ max: 7 * 1024 ** 5 }), fc.nat(), fc.nat({ max: 5000 })), (sizeBytes) => {
        const shownSize = formatSize(sizeBytes);
        expect(shownSize).toMatch(/^(\d{1,4} B|(\d\.\d|\d{1,4}) [KMGTP]iB)$/);
        const readBack = parseSizeBytes(shownSize);
        expect(Math.abs(readBack - sizeBytes)).toBeLessThanOrEqual(sizeBytes / 20);
      }),
      { numRuns: 300 },
    );
  });

  test("at the borders of units", () => {
    expect([0, 1023, 1024, 1536, 1024 ** 2 - 1, 1024 ** 2].map(formatSize)).toEqual([
      "0 B",
      "1023 B",
      "1.0 KiB",
      "1.5 KiB",
      "1.0 MiB",
      "1.0 MiB",
    ]);
  });
});

describe("durations", () => {
  const HOUR_MS = 3_600_000;
  const durations: [string, number][] = [
    ["7d", 168 * HOUR_MS],
    ["7days", 168 * HOUR_MS],
    ["48h", 48 * HOUR_MS],
    ["1d 12h", 36 * HOUR_MS],
    ["1h30m", 1.5 * HOUR_MS],
    ["1.5 h", 1.5 * HOUR_MS],
    ["2 Weeks", 336 * HOUR_MS],
    ["90s", 90_000],
    ["250ms", 250],
    ["0s", 0],
  ];
  for (const [given, expected] of durations) {
    test(given, () => {
      expect(parseDurationMs(given)).toBe(expected);
    });
  }

  for (const wrong of ["7", "", "d", "7x", "7d 12", "-7d", "1d, 2h", "7 d ays", "1..5h", "9999999999999d"]) {
    test(`${JSON.stringify(wrong)} is rejected`, () => {
      expect(() => parseDurationMs(wrong)).toThrow(usage);
    });
  }

  test("are shown with their two largest units, and can be read back", () => {
    fc.assert(
      fc.property(fc.nat(), (seconds) => {
        const shownDuration = formatDuration(seconds * 1000);
        expect(shownDuration).toMatch(/^\d+[dhms]( \d+[hms])?$/);
        const lostMs = seconds * 1000 - parseDurationMs(shownDuration);
        expect(lostMs).toBeGreaterThanOrEqual(0);
        expect(lostMs).toBeLessThan(seconds < 86_400 ? 60_000 : HOUR_MS);
      }),
      { numRuns: 300 },
    );
    expect(formatDuration(-5)).toBe("0s");
    expect(formatDuration(24 * HOUR_MS + 1000)).toBe("1d");
  });
});

describe("byte strings", () => {
  const bytes = fc.uint8Array({ maxLength: 40 });

  test("keep any bytes", () => {
    fc.assert(
      fc.property(bytes, (buffer) => {
        const string = bytesFromBuffer(buffer);
        expect(string).toHaveLength(buffer.length);
        expect(Buffer.from(fsPath(string)).equals(buffer)).toBe(true);
      }),
    );
  });

  test("keep any text", () => {
    fc.assert(
      fc.property(text, (given) => {
        expect(textFromBytes(bytesFromText(given))).toBe(given);
        expect(Buffer.from(bytesFromText(given), "latin1").equals(Buffer.from(given, "utf8"))).toBe(true);
      }),
    );
  });

  test("compare like bytes", () => {
    fc.assert(
      fc.property(bytes, bytes, (left, right) => {
        const [a, b] = [bytesFromBuffer(left), bytesFromBuffer(right)];
        expect(a < b ? -1 : a > b ? 1 : 0).toBe(Buffer.compare(left, right));
      }),
    );
  });

  test("a slice of a larger buffer is only the slice", () => {
    const whole = Uint8Array.from([1, 2, 3, 4, 5, 6]);
    expect(bytesFromBuffer(whole.subarray(2, 5))).toBe("\x03\x04\x05" as ByteString);
    expect(bytesFromBuffer(whole.subarray(2, 5), 1, 2)).toBe("\x04" as ByteString);
  });

  test("join and parent", () => {
    const b = bytesFromText;
    expect(joinBytes(b(""), b("x"))).toBe(b("x"));
    expect(joinBytes(b("/"), b("x"))).toBe(b("/x"));
    expect(joinBytes(b("a"), b("x"))).toBe(b("a/x"));
    expect([b("x"), b("/x"), b("a/x"), b("/a/x")].map(parentOf)).toEqual([b("."), b("/"), b("a"), b("/a")]);
  });
});

describe("what people see", () => {
  test("has no control characters and stays on one line", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (buffer) => {
        // oxlint-disable-next-line no-control-regex -- control characters are the point
        expect(display(bytesFromBuffer(buffer))).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      }),
    );
  });

  test("is the text itself if there are none", () => {
    expect(escapeControls("häß 😀 a\\b")).toBe("häß 😀 a\\b");
    expect(escapeControls("a\nb\tc\u001b[2Jd\u0085")).toBe("a\\nb\\tc\\x1b[2Jd\\x85");
  });
});

test("errors are distinguished by code", () => {
  const error = new BtdtError("USAGE", "m", { path: "p", hint: "h", cause: 1 });
  expect(isBtdtError(error)).toBe(true);
  expect(isBtdtError(error, "USAGE")).toBe(true);
  expect(isBtdtError(error, "SYSTEM")).toBe(false);
  expect(isBtdtError(new Error("USAGE"))).toBe(false);
  expect([error.path, error.hint, error.cause]).toEqual(["p", "h", 1]);
});
