import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import type { Condition } from "../../src/inventory/condition.ts";
import { countNeeds } from "../../src/inventory/count-needs.ts";
import type { CachedEntry, Stock } from "../../src/inventory/inventory.ts";
import { type CleanLimits, planClean } from "../../src/upkeep/plan.ts";

const NOW_MS = 1_000_000;

/** Whose items have numbers. */
interface NumberedStock extends Stock {
  readonly itemBytes: readonly number[];
}

const itemsOf = (entries: readonly CachedEntry[]): number[] =>
  entries.flatMap((entry) => [...(entry.listItems() ?? [])]);

const stocks: fc.Arbitrary<NumberedStock> = fc
  .array(fc.nat({ max: 5000 }), { maxLength: 12 })
  .chain((itemBytes) => {
    const indexes =
      itemBytes.length === 0
        ? fc.constant(new Uint32Array(0))
        : fc.uniqueArray(fc.nat({ max: itemBytes.length - 1 })).map((list) => Uint32Array.from(list));
    const entry = fc.record({
      lastUsedMs: fc.integer({ min: NOW_MS - 20, max: NOW_MS + 2 }),
      ownBytes: fc.nat({ max: 500 }),
      items: indexes,
      condition: fc.constantFrom<Condition>(
        { kind: "whole" },
        { kind: "damaged", reason: "broken", editedPaths: [] },
        { kind: "unreadable", reason: "locked" },
      ),
      editedPaths: fc.constant([]),
    });
    const uncounted = fc.record({
      itemBytes: fc.constant(itemBytes),
      firstFile: fc.nat({ max: itemBytes.length }),
      mayAllBeNeeded: fc.boolean(),
      pinnedItems: indexes,
      entries: fc.array(entry, { maxLength: 8 }).map((list) =>
        list.map(
          ({ items, ...entry }, index): CachedEntry => ({
            ...entry,
            listItems: () => items,
            id: `${index}`.padStart(64, "0"),
            keys: [`key ${index}`],
            keyFiles: [`key ${index}`],
            pinnedKeys: [],
          }),
        ),
      ),
    });
    return uncounted.map((stock) =>
      Object.assign(stock, { needs: countNeeds(stock.entries, stock.itemBytes) }),
    );
  });

const limitsArbitrary: fc.Arbitrary<CleanLimits> = fc.record({
  nowMs: fc.constant(NOW_MS),
  maxAgeMs: fc.option(fc.nat({ max: 25 }), { nil: undefined }),
  maxSizeBytes: fc.option(fc.nat({ max: 40_000 }), { nil: undefined }),
});

const plans = fc.tuple(stocks, limitsArbitrary);

/** What entries and pins take on disk together, each object once. */
function bytesOf(stock: NumberedStock, entries: readonly CachedEntry[]): number {
  const pinned = stock.mayAllBeNeeded ? stock.itemBytes.keys() : stock.pinnedItems;
  const needed = new Set([...pinned, ...itemsOf(entries)]);
  const itemBytes = [...needed].reduce((sum, object) => sum + (stock.itemBytes[object] ?? 0), 0);
  return entries.reduce((sum, entry) => sum + entry.ownBytes, itemBytes);
}

function isTooOld(entry: CachedEntry, limits: CleanLimits): boolean {
  return limits.maxAgeMs !== undefined && limits.nowMs - entry.lastUsedMs > limits.maxAgeMs;
}

function check(property: (stock: NumberedStock, limits: CleanLimits) => void): void {
  fc.assert(
    fc.property(plans, ([stock, limits]) => property(stock, limits)),
    { numRuns: 500 },
  );
}

describe("any cache, any limits", () => {
  test("each entry is kept or evicted", () => {
    check((stock, limits) => {
      const plan = planClean(stock, limits);
      const all = [...plan.kept, ...plan.evictions.map(({ entry }) => entry)];
      expect(all).toHaveLength(stock.entries.length);
      expect(new Set(all)).toEqual(new Set(stock.entries));
    });
  });

  test("what a kept entry or a pin needs is kept, and everything else is deleted", () => {
    check((stock, limits) => {
      const plan = planClean(stock, limits);
      const needed = new Set([...stock.pinnedItems, ...itemsOf(plan.kept)]);
      const unneeded = [...stock.itemBytes.keys()].filter((item) => !needed.has(item));
      expect(plan.unneededItems).toEqual(stock.mayAllBeNeeded ? [] : unneeded);
    });
  });

  test("the sizes add up", () => {
    check((stock, limits) => {
      const plan = planClean(stock, limits);
      let entries = stock.entries;
      for (const eviction of plan.evictions) {
        const left = entries.filter((entry) => entry !== eviction.entry);
        expect(eviction.freedBytes).toBe(bytesOf(stock, entries) - bytesOf(stock, left));
        entries = left;
      }
      expect(plan.keptBytes).toBe(bytesOf(stock, plan.kept));
      const referenced = new Set([...stock.pinnedItems, ...itemsOf(stock.entries)]);
      const garbage = [...stock.itemBytes].filter(
        (_, item) => item >= stock.firstFile && !referenced.has(item) && !stock.mayAllBeNeeded,
      );
      expect(plan.garbageFileCount).toBe(garbage.length);
      expect(plan.garbageBytes).toBe(garbage.reduce((sum, bytes) => sum + bytes, 0));
    });
  });

  test("both limits hold afterwards; only pins and what could not be read can exceed them", () => {
    check((stock, limits) => {
      const plan = planClean(stock, limits);
      const readable = plan.kept.filter(({ condition }) => condition.kind !== "unreadable");
      expect(readable.filter((entry) => isTooOld(entry, limits))).toEqual([]);
      expect(readable.filter(({ condition }) => condition.kind === "damaged")).toEqual([]);
      const limit = limits.maxSizeBytes ?? Number.POSITIVE_INFINITY;
      if (readable.length > 0 && !stock.mayAllBeNeeded) expect(plan.keptBytes).toBeLessThanOrEqual(limit);
      else expect(plan.keptBytes).toBe(bytesOf(stock, plan.kept));
    });
  });

  test("an entry that could not be read is kept, and nothing is evicted for its size while all may be needed", () => {
    check((stock, limits) => {
      const { evictions } = planClean(stock, limits);
      expect(evictions.filter(({ entry }) => entry.condition.kind === "unreadable")).toEqual([]);
      if (stock.mayAllBeNeeded) expect(evictions.filter(({ reason }) => reason === "size")).toEqual([]);
    });
  });

  test("the least recently used go first, and no more than have to", () => {
    check((stock, limits) => {
      const plan = planClean(stock, limits);
      const forSize = plan.evictions.filter(({ reason }) => reason === "size").map(({ entry }) => entry);
      const readable = plan.kept.filter(({ condition }) => condition.kind !== "unreadable");
      const oldestKept = Math.min(...readable.map((entry) => entry.lastUsedMs));
      for (const entry of forSize) expect(entry.lastUsedMs).toBeLessThanOrEqual(oldestKept);
      const last = forSize.at(-1);
      if (last === undefined) return;
      expect(bytesOf(stock, [...plan.kept, last])).toBeGreaterThan(limits.maxSizeBytes ?? 0);
    });
  });

  test("each eviction has its reason", () => {
    check((stock, limits) => {
      for (const { entry, reason } of planClean(stock, limits).evictions) {
        const isAged = isTooOld(entry, limits);
        expect(reason).toBe(entry.condition.kind === "damaged" ? "damage" : isAged ? "age" : "size");
      }
    });
  });

  test("the plan does not depend on the order in which things were found", () => {
    check((stock, limits) => {
      const ids = (entries: readonly CachedEntry[]): string[] => entries.map((entry) => entry.id);
      const plan = planClean(stock, limits);
      const other = planClean({ ...stock, entries: stock.entries.toReversed() }, limits);
      expect(ids(other.kept)).toEqual(ids(plan.kept));
      expect(ids(other.evictions.map(({ entry }) => entry))).toEqual(
        ids(plan.evictions.map(({ entry }) => entry)),
      );
      expect(other.unneededItems).toEqual(plan.unneededItems);
    });
  });

  test("without limits only garbage and damaged entries go", () => {
    check((stock) => {
      const plan = planClean(stock, { nowMs: NOW_MS, maxAgeMs: undefined, maxSizeBytes: undefined });
      expect(new Set(plan.kept)).toEqual(
        new Set(stock.entries.filter(({ condition }) => condition.kind !== "damaged")),
      );
    });
  });
});

test("an entry whose objects others share frees only its own", () => {
  const entry = (id: string, lastUsedMs: number, objects: number[]): CachedEntry => ({
    id,
    keys: [id],
    lastUsedMs,
    ownBytes: 1,
    listItems: () => Uint32Array.from(objects),
    keyFiles: [id],
    pinnedKeys: [],
    condition: { kind: "whole" },
    editedPaths: [],
  });
  const entries = [entry("new", 2, [1, 2]), entry("old", 1, [0, 1])];
  const itemBytes = [100, 200, 400];
  const plan = planClean(
    {
      entries,
      itemBytes,
      needs: countNeeds(entries, itemBytes),
      firstFile: 0,
      mayAllBeNeeded: false,
      pinnedItems: new Uint32Array(0),
    },
    { nowMs: 3, maxAgeMs: undefined, maxSizeBytes: 650 },
  );
  expect(plan.evictions.map(({ entry, freedBytes }) => [entry.id, freedBytes])).toEqual([["old", 101]]);
  expect(plan.keptBytes).toBe(601);
  expect(plan.unneededItems).toEqual([0]);
});

test("an entry whose needs cannot be read again is kept, and so is everything it shares", () => {
  const lists = new Map([
    ["lost", [0, 1]],
    ["old", [1, 2]],
    ["new", [3]],
  ]);
  let isLost = false;
  const entries = [...lists].map(([id, items], lastUsedMs): CachedEntry => {
    return {
      id,
      keys: [id],
      lastUsedMs,
      ownBytes: 1,
      listItems: () => (isLost && id === "lost" ? undefined : Uint32Array.from(items)),
      keyFiles: [id],
      pinnedKeys: [],
      condition: id === "old" ? { kind: "whole" } : { kind: "damaged", reason: "broken", editedPaths: [] },
      editedPaths: [],
    };
  });
  const itemBytes = [10, 20, 40, 80];
  const needs = countNeeds(entries, itemBytes);
  isLost = true;
  const stock = {
    entries,
    itemBytes,
    needs,
    firstFile: 0,
    mayAllBeNeeded: false,
    pinnedItems: new Uint32Array(0),
  };
  const plan = planClean(stock, { nowMs: 9, maxAgeMs: 1, maxSizeBytes: 0 });
  expect(plan.kept.map(({ id }) => id)).toEqual(["lost"]);
  expect(plan.unneededItems).toEqual([2, 3]);
  expect(plan.keptBytes).toBe(31);
});

test("a hundred thousand entries", () => {
  const count = 100_000;
  const entries = Array.from({ length: count }, (_, index): CachedEntry => {
    return {
      id: `${index}`,
      keys: [],
      lastUsedMs: index,
      ownBytes: 1,
      listItems: () => Uint32Array.of(index),
      keyFiles: [],
      pinnedKeys: [],
      condition: { kind: "whole" },
      editedPaths: [],
    };
  });
  const itemBytes = entries.map(() => 1);
  const plan = planClean(
    {
      entries,
      itemBytes,
      needs: countNeeds(entries, itemBytes),
      firstFile: 0,
      mayAllBeNeeded: false,
      pinnedItems: new Uint32Array(0),
    },
    { nowMs: count, maxAgeMs: undefined, maxSizeBytes: 2 },
  );
  expect(plan.kept.map((entry) => entry.id)).toEqual([`${count - 1}`]);
  expect(plan.unneededItems).toHaveLength(count - 1);
});

test("once it is too much, no more than the target is left", () => {
  check((stock, { nowMs, maxSizeBytes = 10_000 }) => {
    const limits = { nowMs, maxAgeMs: undefined, maxSizeBytes };
    const targetSizeBytes = Math.floor(maxSizeBytes / 2);
    const planned = planClean(stock, { ...limits, targetSizeBytes });
    const isTooMuch = planClean(stock, limits).evictions.some(({ reason }) => reason === "size");
    expect(planned).toEqual(
      planClean(stock, isTooMuch ? { ...limits, maxSizeBytes: targetSizeBytes } : limits),
    );
  });
});

test("as much is freed as is wanted, or as there is; what is spared stays", () => {
  check((stock, { nowMs, maxSizeBytes: freedBytes = 1 }) => {
    const none = { nowMs, maxAgeMs: undefined, maxSizeBytes: undefined };
    const before = planClean(stock, none);
    const sparedKeys = new Set(["key 1"]);
    const planned = planClean(stock, { ...none, freedBytes, sparedKeys });
    const bySize = planned.evictions.filter(({ reason }) => reason === "size");
    expect(bySize.some(({ entry }) => entry.keys.includes("key 1"))).toBe(false);
    if (planned.kept.some(({ condition, keys }) => condition.kind === "whole" && !keys.includes("key 1"))) {
      if (!stock.mayAllBeNeeded)
        expect(before.keptBytes - planned.keptBytes).toBeGreaterThanOrEqual(freedBytes);
    }
  });
});
