import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { Items } from "../../src/inventory/items.ts";
import { PackContents } from "../../src/packs/contents/pack-contents.ts";
import { planPacks } from "../../src/upkeep/pack-plan.ts";
import { storedPack } from "../support/stored-pack.ts";

const YOUNGER_MS = 1000;

const shapes = fc.array(
  fc.record({
    blocks: fc.array(fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 4 }), {
      minLength: 1,
      maxLength: 3,
    }),
    largeChunks: fc.array(fc.integer({ min: 2, max: 5 }), { maxLength: 2 }),
    madeMs: fc.constantFrom(0, YOUNGER_MS + 1),
  }),
  { maxLength: 5 },
);

/** Any packs, and any of their items unneeded. */
const cases = fc.tuple(shapes, fc.infiniteStream(fc.boolean()));

function check(property: (run: ReturnType<typeof plan>) => void): void {
  fc.assert(
    fc.property(cases, ([list, choices]) => {
      const packs = new PackContents(list.map((shape, index) => storedPack(`pack ${index}`, shape)));
      const items = new Items(packs);
      const unneeded = [...Array(items.count).keys()].filter(() => choices.next().value);
      property(plan(packs, items, unneeded));
    }),
    { numRuns: 300 },
  );
}

function plan(packs: PackContents, items: Items, unneeded: readonly number[]) {
  const packPlan = planPacks({ packs, items, itemBytes: items.measure() }, unneeded, YOUNGER_MS);
  const gone = new Set(unneeded);
  const rewrittenNames = new Set(packPlan.rewritten.map(({ name }) => name));
  return { packs, items, gone, packPlan, rewrittenNames };
}

test("a pack is removed exactly when it is old enough and nothing in it is needed", () => {
  check(({ packs, items, gone, packPlan }) => {
    const expected = packs.packs.flatMap(({ name, madeMs }, pack) => {
      const isNeeded = items.itemsOfPack(pack).some((item) => !gone.has(item));
      return isNeeded || madeMs > YOUNGER_MS ? [] : [name];
    });
    expect(packPlan.removed.toSorted()).toEqual(expected.toSorted());
  });
});

test("rewriting takes over all that is needed of a pack, and nothing else", () => {
  check(({ packs, items, gone, packPlan }) => {
    for (const { pack, name, contents, larges } of packPlan.rewritten) {
      expect(packs.packs[pack]?.name).toBe(name);
      const taken = [
        ...contents.map((content) => items.itemOfContent(packs.firstContentOf(pack) + content)),
        ...larges.map((large) => items.itemOfChunkList(pack, large)),
      ];
      expect(new Set(taken)).toEqual(new Set(items.itemsOfPack(pack).filter((item) => !gone.has(item))));
    }
  });
});

test("young packs stay as they are", () => {
  check(({ packs, packPlan, rewrittenNames }) => {
    for (const { name, madeMs } of packs.packs) {
      if (madeMs <= YOUNGER_MS) continue;
      expect(rewrittenNames.has(name)).toBe(false);
      expect(packPlan.removed).not.toContain(name);
    }
  });
});
