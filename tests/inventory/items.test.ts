import { expect, test } from "bun:test";
import { Items } from "../../src/inventory/items.ts";
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
  const object = {
    kind: "object",
    name: "o",
    sizeBytes: 1,
    allocatedBytes: 4096,
    changedMs: 0,
    isFile: true,
    isAsNamed: true,
    isNewer: false,
    condition: undefined,
  } as const;
  expect(items.addFile(object)).toBe(7);
  expect(items.addFile({ kind: "manifest", name: "m", allocatedBytes: 8192, changedMs: 0 })).toBe(8);
  expect([items.itemOfFile("o"), items.itemOfFile("m"), items.itemOfFile("x")]).toEqual([7, 8, undefined]);
  expect(items.fileOf(7)).toBe(object);
  expect([...items.files()].map(([item]) => item)).toEqual([7, 8]);
  expect(items.count).toBe(9);
});

test("a content takes its part of its block, a list of chunks its digests", () => {
  const packs = new PackContents([
    storedPack("a", { blocks: [[10, 30]], storedBytes: 20, largeChunks: [2] }),
  ]);
  expect(new Items(packs).measure()).toEqual([5, 15, 64]);
});
