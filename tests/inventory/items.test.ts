import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { Items } from "../../src/inventory/items.ts";
import type { StoredFile } from "../../src/inventory/stored-file.ts";
import { ObjectBlock } from "../../src/ledger/object-block.ts";
import { formatObjectName, twinOf } from "../../src/objects/object-name.ts";
import { PackContents } from "../../src/packs/contents/pack-contents.ts";
import { storedPack } from "../support/stored-pack.ts";

test("contents, lists of chunks and files have numbers of their own, without gaps", () => {
  const packs = new PackContents([
    storedPack("a", { blocks: [[10, 20], [30]], largeChunks: [2] }),
    storedPack("b", { blocks: [[5]], largeChunks: [2, 3] }),
  ]);
  const items = new Items(packs);
  const numbers = packs.packs.flatMap((_, pack) => items.itemsOfPack(pack));
  expect(numbers.toSorted((left, right) => left - right)).toEqual([...Array(items.firstFile).keys()]);
  expect(items.firstFile).toBe(4 + 3);
  const object = describe(`${"ab".repeat(32)}-644-1700000000.000000005`);
  const manifest = {
    kind: "manifest",
    name: "cd".repeat(32),
    sizeBytes: 5000,
    allocatedBytes: 8192,
    changedMs: 3000,
  } as const;
  expect(items.addFile(object)).toBe(7);
  expect(items.addFile(manifest)).toBe(8);
  const found = [object.name, manifest.name, "ef".repeat(32)].map((name) => items.itemOfFile(name));
  expect(found).toEqual([7, 8, undefined]);
  expect(items.fileOf(7)).toEqual(object);
  expect([...items.files()]).toEqual([
    [7, object],
    [8, manifest],
  ]);
  expect(items.count).toBe(9);
});

function describe(name: string, changes: Partial<StoredFile> = {}) {
  const object = {
    kind: "object",
    name,
    sizeBytes: 1,
    allocatedBytes: 4096,
    changedMs: 0,
    isFile: true,
    isAsNamed: true,
    isNewer: false,
    condition: undefined,
  } as const;
  return { ...object, ...changes };
}

const objectNames = fc
  .record({
    // Few, so that many names share one.
    digestHex: fc.constantFrom("00", "5a", "ff").map((byte) => byte.repeat(32)),
    permissions: fc.constantFrom(0, 0o644, 0o777),
    mtimeSeconds: fc.constantFrom(0, -1, 1_700_000_000, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
    mtimeNanoseconds: fc.constantFrom(0, 1, 999_999_999),
    isExclusive: fc.boolean(),
  })
  .map(formatObjectName);

const storedObjects = fc.record({
  name: objectNames,
  sizeBytes: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  allocatedBytes: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  changedMs: fc.nat({ max: 4_000_000 }).map((seconds) => seconds * 1000),
  isFile: fc.boolean(),
  isAsNamed: fc.boolean(),
  isNewer: fc.boolean(),
  condition: fc.constantFrom(undefined, "whole", "damaged", "unreadable"),
});

test("each file is found under its name, and is what was added first", () => {
  fc.assert(
    fc.property(fc.array(storedObjects, { maxLength: 200 }), (objects) => {
      const items = new Items(new PackContents([]));
      const expected = new Map<string, StoredFile>();
      for (const object of objects) {
        const stored = { kind: "object", ...object } as const;
        if (!expected.has(object.name)) expected.set(object.name, stored);
        expect(items.fileOf(items.addFile(stored))).toEqual(expected.get(object.name));
      }
      expect([...items.files()].map(([, file]) => file)).toEqual([...expected.values()]);
      for (const [name, stored] of expected) {
        const item = items.itemOfFile(name) ?? -1;
        expect(items.fileOf(item)).toEqual(stored);
        expect(items.itemOfFile(twinOf(name)) !== undefined).toBe(expected.has(twinOf(name)));
        if (stored.kind !== "object") continue;
        expect(items.hasSize(item, stored.sizeBytes)).toBe(stored.isFile);
        expect(items.isWhole(item, stored.sizeBytes)).toBe(stored.isFile && stored.isAsNamed);
        expect(items.isWhole(item, stored.sizeBytes + 1)).toBe(false);
      }
    }),
  );
});

test("without names, files are found all the same, and manifests can be named", () => {
  fc.assert(
    fc.property(fc.uniqueArray(objectNames, { maxLength: 100 }), (names) => {
      const items = new Items(new PackContents([]), false);
      for (const name of names) items.addFile(describe(name));
      const manifest = "ab".repeat(32);
      items.addFile({ kind: "manifest", name: manifest, sizeBytes: 1, allocatedBytes: 1, changedMs: 0 });
      expect(names.map((name) => items.itemOfFile(name))).toEqual([...names.keys()]);
      expect(names.map((_, item) => items.shardOf(item))).toEqual(names.map((name) => name.slice(0, 2)));
      expect(items.nameOf(names.length)).toBe(manifest);
      if (names.length > 0) expect(() => items.nameOf(0)).toThrow(RangeError);
      expect(items.changedMsOf(names.length)).toBe(0);
      if (names.length > 0) expect(() => items.changedMsOf(0)).toThrow(RangeError);
    }),
  );
});

test("times of changes are kept without names where they are asked for", () => {
  fc.assert(
    fc.property(fc.uniqueArray(objectNames, { maxLength: 50 }), fc.nat(2 ** 32 - 60), (names, first) => {
      const items = new Items(new PackContents([]), false);
      items.keepChangeTimes();
      for (const [index, name] of names.entries())
        items.addFile({ ...describe(name), changedMs: (first + index) * 1000 });
      expect(names.map((_, item) => items.changedMsOf(item) / 1000)).toEqual(
        names.map((_, index) => first + index),
      );
    }),
  );
});

test("an object is found by what a ledger says of it, and so is its twin", () => {
  fc.assert(
    fc.property(fc.uniqueArray(objectNames, { maxLength: 50 }), fc.nat(60), (names, last) => {
      const items = new Items(new PackContents([]), false);
      for (const name of names) items.addFile(describe(name));
      for (const [item, name] of names.entries()) {
        const block = new ObjectBlock(1);
        items.record(item, block, 0);
        for (const isExclusive of [false, true]) {
          const recorded = name.endsWith("-x") === isExclusive ? name : twinOf(name);
          expect(items.itemOfRecorded(block, 0, isExclusive, last)).toBe(names.indexOf(recorded));
        }
      }
    }),
  );
});

test("no attributes make up for a difference in the first half of a digest, unless names are made up", () => {
  // The same id: what the second digest differs in is what its time differs in.
  const made = [`${"00".repeat(32)}-644-1.000000000`, `${"0000000001" + "00".repeat(27)}-644-0.000000000`];
  const items = new Items(new PackContents([]), false);
  expect(made.map((name) => items.addFile(describe(name)))).toEqual([0, 0]);
  const different = `${"01" + "00".repeat(31)}-644-1.000000000`;
  expect(items.addFile(describe(different))).toBe(1);
});

test("thousands of objects with the same content", () => {
  const items = new Items(new PackContents([]));
  const names = Array.from({ length: 20_000 }, (_, index) => `${"00".repeat(32)}-644-${index}.000000000`);
  for (const name of names) items.addFile(describe(name));
  expect(names.map((name) => items.itemOfFile(name))).toEqual([...names.keys()]);
  expect(items.fileOf(19_999)?.name).toBe(names[19_999]);
});

test("a content takes its part of its block, a list of chunks its digests", () => {
  const packs = new PackContents([
    storedPack("a", { blocks: [[10, 30]], storedBytes: 20, largeChunks: [2] }),
  ]);
  expect([...new Items(packs).measure()]).toEqual([5, 15, 64]);
});
