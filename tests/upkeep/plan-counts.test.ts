import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { countNeeds } from "../../src/inventory/count-needs.ts";
import type { CachedEntry, Stock } from "../../src/inventory/inventory.ts";
import { type CleanLimits, planClean } from "../../src/upkeep/plan.ts";

const NOW_MS = 100;

/** Entries of 10 bytes each, from the least to the most recently used. */
function stockOf(
  entries: readonly { keys: readonly string[]; pinned?: boolean; damaged?: boolean }[],
): Stock {
  const described = entries.map(({ keys, pinned = false, damaged = false }, index): CachedEntry => {
    return {
      id: String(index).padStart(4, "0"),
      keys,
      keyFiles: keys,
      pinnedKeys: pinned ? keys.slice(0, 1) : [],
      lastUsedMs: index,
      ownBytes: 10,
      listItems: () => new Uint32Array(0),
      condition: damaged ? { kind: "damaged", reason: "broken", editedPaths: [] } : { kind: "whole" },
      editedPaths: [],
    };
  });
  return {
    entries: described,
    itemBytes: [],
    needs: countNeeds(described, []),
    firstFile: 0,
    mayAllBeNeeded: false,
    pinnedItems: new Uint32Array(0),
  };
}

function evicted(
  stock: Stock,
  limits: Omit<CleanLimits, "nowMs" | "maxAgeMs" | "maxSizeBytes"> & Partial<CleanLimits>,
) {
  const plan = planClean(stock, { nowMs: NOW_MS, maxAgeMs: undefined, maxSizeBytes: undefined, ...limits });
  return plan.evictions.map(({ entry, reason }) => `${entry.keys.join("+")} ${reason}`);
}

const four = stockOf([{ keys: ["a"] }, { keys: ["b"] }, { keys: ["c"] }, { keys: ["d"] }]);

test("a number of entries is a limit like any other: the least recently used go first", () => {
  expect(evicted(four, { maxEntries: 2 })).toEqual(["a count", "b count"]);
  expect(evicted(four, { maxEntries: 0 })).toHaveLength(4);
  expect(evicted(four, { maxEntries: 4 })).toEqual([]);
  expect(evicted(four, { maxEntries: 3, maxAgeMs: NOW_MS - 1, maxSizeBytes: 20 })).toEqual([
    "a age",
    "b size",
  ]);
});

test("the last ones are spared whatever the limits", () => {
  expect(evicted(four, { keepLast: 3, maxAgeMs: 0 })).toEqual(["a age"]);
  expect(evicted(four, { keepLast: 3, maxEntries: 0 })).toEqual(["a count"]);
  expect(evicted(four, { keepLast: 3, maxSizeBytes: 0 })).toEqual(["a size"]);
  expect(evicted(four, { keepLast: 0, maxSizeBytes: 0 })).toHaveLength(4);
});

test("a pinned entry goes only if it is damaged, and counts", () => {
  const stock = stockOf([{ keys: ["a", "a2"], pinned: true }, { keys: ["b"] }, { keys: ["c"] }]);
  expect(evicted(stock, { maxAgeMs: 0 })).toEqual(["b age", "c age"]);
  expect(evicted(stock, { maxEntries: 2 })).toEqual(["b count"]);
  expect(evicted(stock, { maxSizeBytes: 0 })).toEqual(["b size", "c size"]);
  expect(evicted(stockOf([{ keys: ["a"], pinned: true, damaged: true }]), {})).toEqual(["a damage"]);
});

test("with a prefix, other entries are neither evicted nor counted, except for damage", () => {
  const stock = stockOf([
    { keys: ["pip-1"] },
    { keys: ["npm-1", "main"] },
    { keys: ["npm-2"] },
    { keys: ["npm-3"] },
    { keys: ["go"], damaged: true },
  ]);
  expect(evicted(stock, { prefix: "npm-", maxEntries: 1 })).toEqual(["go damage", "npm-2 count"]);
  expect(evicted(stock, { prefix: "npm-", keepLast: 1, maxAgeMs: 0 })).toEqual(["npm-2 age", "go damage"]);
  expect(evicted(stock, { prefix: "npm-", maxSizeBytes: 0 })).toEqual([
    "go damage",
    "npm-2 size",
    "npm-3 size",
  ]);
});

test("any limits: what is pinned, spared or out of scope stays, and no more is evicted than necessary", () => {
  const entries = fc.array(
    fc.record({ keys: fc.constantFrom(["x-1"], ["y-1"], ["x-1", "y-1"]), pinned: fc.boolean() }),
    { maxLength: 8 },
  );
  const counts = fc.option(fc.nat({ max: 9 }), { nil: undefined });
  const limits = fc.record({ maxEntries: counts, keepLast: counts, prefix: fc.constantFrom("", "x-") });
  fc.assert(
    fc.property(entries, limits, (list, chosen) => {
      const stock = stockOf(list);
      const { evictions, kept } = planClean(stock, {
        nowMs: NOW_MS,
        maxAgeMs: undefined,
        maxSizeBytes: undefined,
        ...chosen,
      });
      const inScope = ({ keys }: CachedEntry) => keys.every((key) => key.startsWith(chosen.prefix));
      const scope = stock.entries.filter(inScope);
      const last = scope.slice(scope.length - Math.min(chosen.keepLast ?? 0, scope.length));
      for (const { entry } of evictions) {
        expect(entry.pinnedKeys).toEqual([]);
        expect(scope).toContain(entry);
        expect(last).not.toContain(entry);
      }
      const most = chosen.maxEntries ?? Number.POSITIVE_INFINITY;
      const left = kept.filter(inScope);
      if (left.length > most)
        for (const entry of left) expect(entry.pinnedKeys.length > 0 || last.includes(entry)).toBe(true);
      if (evictions.length > 0) expect(left.length).toBeGreaterThanOrEqual(most);
    }),
  );
});
