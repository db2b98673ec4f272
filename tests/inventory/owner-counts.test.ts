import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { OwnerCounts } from "../../src/inventory/owner-counts.ts";

const ITEM_COUNT = 20;
/** Of an entry: often one that takes more than 16 bits, or is close to that. */
const numbers = fc.oneof(
  fc.nat(1000),
  fc.integer({ min: 65_530, max: 65_540 }),
  fc.constantFrom(2 ** 31, 2 ** 32 - 1),
);
const entries = fc.uniqueArray(
  fc.record({ number: numbers, items: fc.uniqueArray(fc.nat(ITEM_COUNT - 1)), isRemoved: fc.boolean() }),
  { selector: ({ number }) => number, maxLength: 30 },
);

test("each item is counted for the entries that need it, and belongs to the only one", () => {
  fc.assert(
    fc.property(entries, (all) => {
      let counts = OwnerCounts.allocate(0);
      for (const { number, items } of all) {
        if (counts.itemCount < ITEM_COUNT) counts = counts.resize(ITEM_COUNT);
        counts.addEntry(number, Uint32Array.from(items));
      }
      for (const { number, items, isRemoved } of all)
        if (isRemoved) counts.removeEntry(number, Uint32Array.from(items));
      const kept = all.filter(({ isRemoved }) => !isRemoved);
      for (let item = 0; item < ITEM_COUNT; item++) {
        const needing = kept.filter(({ items }) => items.includes(item));
        expect(counts.entriesOf(item)).toBe(needing.length);
        if (needing.length === 1) expect(counts.ownersOf(item) >>> 0).toBe(needing[0]?.number ?? -1);
      }
    }),
  );
});

test("more entries than fit into 16 bits, whatever their numbers", () => {
  for (const numberOf of [(index: number) => index, () => 7]) {
    const counts = OwnerCounts.allocate(2);
    const both = Uint32Array.of(0, 1);
    for (let entry = 0; entry < 65_537; entry++) counts.addEntry(numberOf(entry), both);
    expect([...counts.listEntryCounts()]).toEqual([65_537, 65_537]);
  }
});

test("what is taken over leaves room for the entries that come", () => {
  const counts = OwnerCounts.allocate(1, 65_535);
  counts.set(0, 65_535, 1);
  counts.addEntry(0, Uint32Array.of(0));
  expect(counts.entriesOf(0)).toBe(65_536);
});

test("a copy is independent, and the first items are not", () => {
  const counts = OwnerCounts.allocate(2);
  const [copy, first] = [counts.resize(2), counts.first(1)];
  counts.addEntry(3, Uint32Array.of(0));
  expect([copy.entriesOf(0), first.entriesOf(0), first.itemCount]).toEqual([0, 1, 1]);
});
