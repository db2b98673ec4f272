import { describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import * as fc from "fast-check";
import { isBtdtError } from "../../src/base/errors.ts";
import { findPathOverlap } from "../../src/base/path-overlap.ts";
import { decodeKeyFile, encodeKeyFile } from "../../src/key/key-file.ts";
import { keyFileName } from "../../src/key/key-file-name.ts";
import { entryIdOf, type KeyRecord, type StoredTree } from "../../src/key/key-record.ts";
import { checkKeys } from "../../src/key/key-syntax.ts";
import { isRecordedPath, recordablePath } from "../../src/key/recorded-path.ts";
import { splitTemplates } from "../../src/key/template.ts";
import { treeNames } from "../../src/key/tree-names.ts";

const keys = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }),
  fc.string({ unit: "binary", minLength: 1, maxLength: 100 }).map((text) => text.toWellFormed()),
  fc.string({ unit: fc.constantFrom("a", "A", "~", "%", ".", "/", "-", "é", "É", "😀", "\n"), minLength: 1 }),
  fc.string({ unit: fc.constantFrom("a", "A"), minLength: 170, maxLength: 512 }),
);

const trees: fc.Arbitrary<StoredTree> = fc.record(
  {
    path: fc
      .string({ unit: "binary", minLength: 1, maxLength: 30 })
      .map((text) => recordablePath(text.toWellFormed()))
      .filter((path) => path !== undefined),
    manifest: fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .map((bytes) => Buffer.from(bytes).toString("hex")),
    fileCount: fc.nat({ max: 2 ** 49 }),
    contentBytes: fc.nat({ max: 2 ** 49 }),
  },
  { requiredKeys: ["manifest", "fileCount", "contentBytes"] },
);

const records: fc.Arbitrary<KeyRecord> = fc.record({
  key: keys,
  storedAt: fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  trees: fc
    .array(trees, { minLength: 1, maxLength: 7 })
    .filter((list) => findPathOverlap(list.flatMap(({ path }) => path ?? [])) === undefined)
    .map((list) => list as unknown as KeyRecord["trees"]),
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
          for (const tree of decoded.trees) {
            expect(tree.manifest).toMatch(/^[0-9a-f]{64}$/);
            expectInside(tree.path ?? "inside");
          }
          // Without the line feed at its end it is still whole.
          expect(!isCut || index === encoded.length - 1).toBe(true);
        } catch (error) {
          if (!isBtdtError(error, "KEY_DAMAGED") && !isBtdtError(error, "CACHE_FORMAT_NEWER")) throw error;
        }
      }),
      { numRuns: 600 },
    );
  });

  for (const [what, path] of Object.entries({
    empty: "",
    absolute: "/etc",
    "the directory above": "..",
    "by way of the directory above": "a/../../b",
    "with a part that goes up": "a/..",
    "with a dot": "./a",
    "ending in a slash": "a/",
    "with a double slash": "a//b",
    "with a NUL": "a\0b",
    "not well-formed": "\ud800",
    "not UTF-8 when it was given": "a\uFFFD",
    "too long": "a/".repeat(2048) + "a",
    "a name that is too long": "a".repeat(1025),
    "a number": 1,
    null: null,
    "a list": ["a"],
  })) {
    test(`an invalid path: ${what}`, () => {
      expect(() => decodeKeyFile(keyFileWith([{ path }]), "k")).toThrow(
        expect.objectContaining({ code: "KEY_DAMAGED", message: expect.stringContaining("path") }),
      );
    });
  }

  for (const paths of [
    ["a", "a"],
    ["a", "b", "a/c"],
    ["a/b/c", "a"],
    [".", "a"],
    ["a", "."],
  ]) {
    test(`overlapping paths: ${paths.join(", ")}`, () => {
      expect(() => decodeKeyFile(keyFileWith(paths.map((path) => ({ path }))), "k")).toThrow(
        expect.objectContaining({ code: "KEY_DAMAGED", message: expect.stringContaining("inside another") }),
      );
    });
  }

  test("paths with a common prefix do not overlap", () => {
    const paths = ["a", "ab", "a-b/c", "a-b/d", "b/a"];
    const { trees } = decodeKeyFile(keyFileWith(paths.map((path) => ({ path }))), "k");
    expect(trees.map(({ path }) => path)).toEqual(paths);
  });

  test("no list of trees, an empty one, and counts that add up to too much", () => {
    const huge = { contentBytes: Number.MAX_SAFE_INTEGER };
    for (const trees of [undefined, null, {}, "a", [], [null], ["a"], [[]], [{}, huge, huge].slice(1)]) {
      expect(() => decodeKeyFile(keyFileWith(trees), "k")).toThrow(
        expect.objectContaining({ code: "KEY_DAMAGED" }),
      );
    }
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

/** What a list of trees lacks is filled in. */
function keyFileWith(trees: unknown): Buffer {
  const filled = (tree: unknown): unknown =>
    typeof tree === "object" && tree !== null && !Array.isArray(tree)
      ? { manifest: "ab".repeat(32), fileCount: 1, contentBytes: 1, ...tree }
      : tree;
  const list = Array.isArray(trees) ? trees.map(filled) : trees;
  return Buffer.from(JSON.stringify({ format: 1, key: "k", storedAt: "2026-01-01", trees: list }));
}

/** By another way than the code under test: followed from a deep directory, the path stays below it. */
function expectInside(path: string): void {
  const resolved = resolve("/1/2/3", path);
  expect(resolved === "/1/2/3" || resolved.startsWith("/1/2/3/")).toBe(true);
  expect(path).not.toContain("\0");
}

describe("paths that are recorded", () => {
  for (const [given, path] of [
    ["node_modules", "node_modules"],
    ["node_modules/", "node_modules"],
    ["./a//b/./c/", "a/b/c"],
    ["a/../b", "b"],
    [".", "."],
    ["a/..", "."],
    ["..a/b..", "..a/b.."],
    ["back\\slash", "back\\slash"],
    ["new\nline", "new\nline"],
    ["", undefined],
    ["/", undefined],
    ["/a", undefined],
    ["..", undefined],
    ["../a", undefined],
    ["a/../../b", undefined],
    ["a\uFFFD", undefined],
  ] as const) {
    test(`${JSON.stringify(given)}: ${JSON.stringify(path)}`, () => {
      expect(recordablePath(given)).toBe(path);
    });
  }

  test("stay inside, whatever is given", () => {
    const parts = fc.constantFrom("..", ".", "", "a", "/", "b ", "\0", "\uFFFD");
    fc.assert(
      fc.property(fc.array(parts), (list) => {
        const path = recordablePath(list.join("/"));
        if (path === undefined) return;
        expect(isRecordedPath(path)).toBe(true);
        expectInside(path);
      }),
      { numRuns: 500 },
    );
  });
});

describe("entries", () => {
  const id = (...manifests: string[]) =>
    entryIdOf({
      key: "k",
      storedAt: "",
      trees: manifests.map((manifest, index) => {
        return { path: `p${index}`, manifest, fileCount: 0, contentBytes: 0 };
      }) as unknown as KeyRecord["trees"],
    });

  test("are the same when they have the same trees, in any order and number", () => {
    expect(id("b", "a")).toBe(id("a", "b"));
    expect(id("a", "a", "b")).toBe(id("a", "b"));
    expect(id("a")).not.toBe(id("a", "b"));
  });

  test("call trees without a path by their number, and by no other tree's path", () => {
    const tree = { manifest: "", fileCount: 0, contentBytes: 0 };
    const names = (...paths: (string | undefined)[]) =>
      treeNames(Array.from(paths, (path) => (path === undefined ? tree : { ...tree, path })));
    expect(names("a/b", undefined, undefined)).toEqual(["a/b", "path-2", "path-3"]);
    expect(names(undefined, "path-1", "path-1_/x")).toEqual(["path-1__", "path-1", "path-1_/x"]);
  });
});

describe("--keys", () => {
  test("is split at commas and line ends outside of braces; spaces around items and empty items are dropped", () => {
    expect(splitTemplates(" b,,a ,\n c d\r\n")).toEqual(["b", "a", "c d"]);
    expect(splitTemplates('a-{{ hashFiles("a, b",\n"c") }}, d')).toEqual([
      'a-{{ hashFiles("a, b",\n"c") }}',
      "d",
    ]);
  });

  test("duplicates are dropped, the order is preserved", () => {
    expect(checkKeys(["b", "", "a", "a", "c"])).toEqual(["b", "a", "c"]);
  });

  for (const keys of [[], [""], ["x".repeat(513)], ["é".repeat(257)], ["a\uFFFD"], ["a\tb"], ["$(x)"]]) {
    test(`${JSON.stringify(keys).slice(0, 30)} is a usage error`, () => {
      expect(() => checkKeys(keys)).toThrow(expect.objectContaining({ code: "USAGE" }));
    });
  }

  test("512 bytes are a key", () => {
    expect(checkKeys(["x".repeat(512)])).toEqual(["x".repeat(512)]);
    expect(checkKeys(["é".repeat(256)])).toEqual(["é".repeat(256)]);
  });
});
