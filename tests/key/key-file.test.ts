import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { isBtdtError } from "../../src/base/errors.ts";
import { decodeKeyFile, encodeKeyFile, type KeyRecord, keyFileName } from "../../src/key/key-file.ts";
import { parseKeys } from "../../src/key/key-syntax.ts";

const keys = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }),
  fc.string({ unit: "binary", minLength: 1, maxLength: 100 }).map((text) => text.toWellFormed()),
  fc.string({ unit: fc.constantFrom("a", "A", "~", "%", ".", "/", "-", "é", "É", "😀", "\n"), minLength: 1 }),
  fc.string({ unit: fc.constantFrom("a", "A"), minLength: 170, maxLength: 512 }),
);

const records: fc.Arbitrary<KeyRecord> = fc.record({
  key: keys,
  manifest: fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .map((bytes) => Buffer.from(bytes).toString("hex")),
  storedAt: fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fileCount: fc.maxSafeNat(),
  contentBytes: fc.maxSafeNat(),
});

describe("file names", () => {
  test("are safe on every file system", () => {
    fc.assert(
      fc.property(keys, (key) => {
        const name = keyFileName(key);
        expect(name).toMatch(/^[A-Za-z0-9._+=@%~-]+$/);
        expect(name.startsWith(".")).toBe(false);
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
      }),
      { numRuns: 500 },
    );
  });

  test("no two keys share one, not even where case is ignored", () => {
    fc.assert(
      fc.property(keys, keys, (left, right) => {
        fc.pre(left !== right);
        expect(keyFileName(left).toLowerCase()).not.toBe(keyFileName(right).toLowerCase());
      }),
      { numRuns: 500 },
    );
  });

  test("nor do keys that differ in little", () => {
    fc.assert(
      fc.property(keys, fc.nat(), (key, position) => {
        const index = position % key.length;
        const character = key.charAt(index);
        const others = [
          key.toUpperCase(),
          key.toLowerCase(),
          `${key} `,
          `${key.slice(0, index)}%${character.charCodeAt(0).toString(16)}${key.slice(index + 1)}`,
          keyFileName(key),
        ].filter((other) => other !== key);
        for (const other of others) {
          if (keyFileName(key) === key && other === keyFileName(key)) continue;
          expect(keyFileName(other.toWellFormed()).toLowerCase()).not.toBe(keyFileName(key).toLowerCase());
        }
      }),
      { numRuns: 500 },
    );
  });

  test("show the key", () => {
    expect(keyFileName("node-modules-0123abc")).toBe("node-modules-0123abc");
    expect(keyFileName("a/b c")).toBe("a%2fb%20c");
    expect(keyFileName("..")).toBe("%2e.");
    expect(keyFileName("v1.2.3")).toBe("v1.2.3");
    expect(keyFileName("Linux")).toMatch(/^Linux~[0-9a-f]{32}$/);
  });
});

describe("codec", () => {
  test("any record", () => {
    fc.assert(
      fc.property(records, (record) => {
        expect(decodeKeyFile(encodeKeyFile(record), keyFileName(record.key))).toEqual(record);
      }),
      { numRuns: 300 },
    );
  });

  test("damage is KEY_DAMAGED or CACHE_FORMAT_NEWER, or leaves the key and manifest well-formed", () => {
    fc.assert(
      fc.property(records, fc.nat(), fc.nat({ max: 255 }), fc.boolean(), (record, position, byte, isCut) => {
        const encoded = encodeKeyFile(record);
        const index = position % encoded.length;
        encoded[index] = byte;
        const name = keyFileName(record.key);
        try {
          const decoded = decodeKeyFile(isCut ? encoded.subarray(0, index) : encoded, name);
          expect(keyFileName(decoded.key)).toBe(name);
          expect(decoded.manifest).toMatch(/^[0-9a-f]{64}$/);
          // Without the line feed at its end it is still whole.
          expect(!isCut || index === encoded.length - 1).toBe(true);
        } catch (error) {
          if (!isBtdtError(error, "KEY_DAMAGED") && !isBtdtError(error, "CACHE_FORMAT_NEWER")) throw error;
        }
      }),
      { numRuns: 600 },
    );
  });

  test("any JSON", () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(() => decodeKeyFile(Buffer.from(json), "k")).toThrow(
          expect.objectContaining({ code: expect.stringMatching(/^(KEY_DAMAGED|CACHE_FORMAT_NEWER)$/) }),
        );
      }),
      { numRuns: 300 },
    );
  });

  test("a newer format is an error of its own, whatever else it holds", () => {
    expect(() => decodeKeyFile(Buffer.from('{"format":2}'), "k")).toThrow(
      expect.objectContaining({ code: "CACHE_FORMAT_NEWER" }),
    );
  });

  test("a file under another key's name", () => {
    fc.assert(
      fc.property(records, keys, (record, other) => {
        fc.pre(record.key !== other);
        expect(() => decodeKeyFile(encodeKeyFile(record), keyFileName(other))).toThrow(
          expect.objectContaining({ code: "KEY_DAMAGED" }),
        );
      }),
      { numRuns: 100 },
    );
  });
});

describe("--keys", () => {
  test("is split at commas; empty and double ones are dropped, the order stays", () => {
    expect(parseKeys(["b,,a", "a", ",c,"])).toEqual(["b", "a", "c"]);
    expect(parseKeys([" a "])).toEqual([" a "]);
  });

  for (const options of [[], [""], [",,"], ["x".repeat(513)], ["é".repeat(257)], ["a\uFFFD"]]) {
    test(`${JSON.stringify(options).slice(0, 30)} is a usage error`, () => {
      expect(() => parseKeys(options)).toThrow(expect.objectContaining({ code: "USAGE" }));
    });
  }

  test("512 bytes are a key", () => {
    expect(parseKeys(["x".repeat(512)])).toEqual(["x".repeat(512)]);
    expect(parseKeys(["é".repeat(256)])).toEqual(["é".repeat(256)]);
  });
});
