import { describe, expect, test } from "bun:test";
import { Items } from "../../src/inventory/items.ts";
import { type PackPlan, planPacks } from "../../src/upkeep/pack-plan.ts";
import { content, type DescribedPack, large, packContents } from "../packs/described-packs.ts";

const MEBIBYTE = 1024 * 1024;

/** @param isUnneeded of contents, by their number through all packs */
function plan(
  described: readonly DescribedPack[],
  isUnneeded: (content: number) => boolean,
  youngerMs = Number.POSITIVE_INFINITY,
): PackPlan {
  const packs = packContents(described);
  const items = new Items(packs);
  const unneeded = Array.from({ length: packs.contentCount }, (_, each) => each).filter(isUnneeded);
  return planPacks(
    { packs, items, itemBytes: items.measure() },
    unneeded.map((each) => items.itemOfContent(each)),
    youngerMs,
  );
}

const nothing = (): boolean => false;

/** A pack of one content. */
function single(number: number, sizeBytes: number): DescribedPack {
  return { blocks: [[content(number, sizeBytes)]] };
}

const names = (count: number): string[] => Array.from({ length: count }, (_, pack) => `pack ${pack}`);

test("a pack of which nothing is needed is removed, one whose list of chunks is needed is not", () => {
  const described = [single(1, 10), { ...single(2, 10), larges: [large([3, 4])] }, single(5, 10)];
  expect(plan(described, (each) => each < 2).removed).toEqual(["pack 0"]);
});

test("packs with the most waste are rewritten until all take 1.3 times what is needed", () => {
  const half = (first: number): DescribedPack => ({
    blocks: [[content(first, MEBIBYTE), content(first + 1, MEBIBYTE)]],
  });
  const described = [half(0), half(10), { blocks: [[content(20, MEBIBYTE), content(21, MEBIBYTE / 8)]] }];
  // Half of the first two, an eighth of the third.
  const { removed, rewritten } = plan(described, (each) => each % 2 === 1);
  expect(removed).toEqual([]);
  expect(rewritten.map(({ name, contents }) => [name, contents])).toEqual([
    ["pack 0", [0]],
    ["pack 1", [0]],
  ]);
});

describe("small packs", () => {
  test("are merged when there are more than eight of about the same size", () => {
    const packs = (count: number): DescribedPack[] =>
      Array.from({ length: count }, (_, pack) => single(pack, 1000));
    expect(plan(packs(8), nothing).rewritten).toEqual([]);
    expect(plan(packs(9), nothing).rewritten.map(({ name }) => name)).toEqual(names(9));
    expect(plan(packs(400), nothing).rewritten.map(({ name }) => name)).toEqual(names(400));
  });

  test("stay beside larger ones", () => {
    const sizes = [
      4 * MEBIBYTE,
      4 * MEBIBYTE,
      MEBIBYTE / 2,
      MEBIBYTE / 2,
      ...Array.from({ length: 7 }, () => 1000),
    ];
    expect(
      plan(
        sizes.map((sizeBytes, pack) => single(pack, sizeBytes)),
        nothing,
      ).rewritten,
    ).toEqual([]);
  });

  test("that are young stay as they are", () => {
    const described = Array.from({ length: 20 }, (_, pack) => single(pack, 1000));
    expect(plan(described, nothing, -1)).toMatchObject({ removed: [], rewritten: [] });
  });

  test("are merged up to a gigabyte at a time, and large ones never", () => {
    const described = Array.from({ length: 20 }, (_, pack) => ({
      blocks: Array.from({ length: 50 }, (__, block) => [content(pack * 100 + block, 4 * MEBIBYTE)]),
    }));
    expect(plan(described, nothing).rewritten).toHaveLength(5);
    const huge = described.map(({ blocks }) => ({ blocks: [...blocks, ...blocks] }));
    expect(plan(huge, nothing).rewritten).toEqual([]);
  });
});
