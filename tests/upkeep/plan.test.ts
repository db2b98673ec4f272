import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import type { CacheContents, CachedEntry } from "../../src/inventory/cache-contents.ts";
import { type CleanLimits, planClean } from "../../src/upkeep/plan.ts";

const NOW_MS = 1_000_000;

const contentsArbitrary: fc.Arbitrary<CacheContents> = fc
  .array(fc.nat({ max: 5000 }), { maxLength: 12 })
  .chain((objectBytes) => {
    const indexes =
      objectBytes.length === 0
        ? fc.constant(new Uint32Array(0))
        : fc.uniqueArray(fc.nat({ max: objectBytes.length - 1 })).map((list) => Uint32Array.from(list));
    const entry = fc.record({
      lastUsedMs: fc.integer({ min: NOW_MS - 20, max: NOW_MS + 2 }),
      ownBytes: fc.nat({ max: 500 }),
      objects: indexes,
      isDamaged: fc.boolean(),
    });
    return fc.record({
      objectBytes: fc.constant(objectBytes),
      objectCount: fc.constant(objectBytes.length),
      pinnedObjects: indexes,
      entries: fc.array(entry, { maxLength: 8 }).map((list) =>
        list.map(
          ({ isDamaged, ...rest }, index): CachedEntry => ({
            ...rest,
            id: `${index}`.padStart(64, "0"),
            keys: [`key ${index}`],
            ...(isDamaged ? { damage: "broken" } : {}),
          }),
        ),
      ),
    });
  });

const limitsArbitrary: fc.Arbitrary<CleanLimits> = fc.record({
  nowMs: fc.constant(NOW_MS),
  maxAgeMs: fc.option(fc.nat({ max: 25 }), { nil: undefined }),
  maxSizeBytes: fc.option(fc.nat({ max: 40_000 }), { nil: undefined }),
});

const plans = fc.tuple(contentsArbitrary, limitsArbitrary);

/** What entries and pins take on disk together, each object once. */
function bytesOf(contents: CacheContents, entries: readonly CachedEntry[]): number {
  const needed = new Set([...contents.pinnedObjects, ...entries.flatMap((entry) => [...entry.objects])]);
  const objectBytes = [...needed].reduce((sum, object) => sum + (contents.objectBytes[object] ?? 0), 0);
  return entries.reduce((sum, entry) => sum + entry.ownBytes, objectBytes);
}

function isTooOld(entry: CachedEntry, limits: CleanLimits): boolean {
  return limits.maxAgeMs !== undefined && limits.nowMs - entry.lastUsedMs > limits.maxAgeMs;
}

function check(property: (contents: CacheContents, limits: CleanLimits) => void): void {
  fc.assert(
    fc.property(plans, ([contents, limits]) => property(contents, limits)),
    { numRuns: 500 },
  );
}

describe("any cache, any limits", () => {
  test("each entry is kept or evicted", () => {
    check((contents, limits) => {
      const plan = planClean(contents, limits);
      const all = [...plan.kept, ...plan.evictions.map(({ entry }) => entry)];
      expect(all).toHaveLength(contents.entries.length);
      expect(new Set(all)).toEqual(new Set(contents.entries));
    });
  });

  test("nothing is deleted that a kept entry or a pin needs, and everything else is", () => {
    check((contents, limits) => {
      const plan = planClean(contents, limits);
      const needed = new Set([
        ...contents.pinnedObjects,
        ...plan.kept.flatMap((entry) => [...entry.objects]),
      ]);
      const expected = [...contents.objectBytes.keys()].filter((object) => !needed.has(object));
      expect(plan.removedObjects).toEqual(expected);
    });
  });

  test("the sizes add up", () => {
    check((contents, limits) => {
      const plan = planClean(contents, limits);
      let entries = contents.entries;
      for (const eviction of plan.evictions) {
        const left = entries.filter((entry) => entry !== eviction.entry);
        expect(eviction.freedBytes).toBe(bytesOf(contents, entries) - bytesOf(contents, left));
        entries = left;
      }
      expect(plan.keptBytes).toBe(bytesOf(contents, plan.kept));
      const referenced = new Set([
        ...contents.pinnedObjects,
        ...contents.entries.flatMap((entry) => [...entry.objects]),
      ]);
      const garbage = [...contents.objectBytes].filter((_, object) => !referenced.has(object));
      expect(plan.garbageObjectCount).toBe(garbage.length);
      expect(plan.garbageBytes).toBe(garbage.reduce((sum, bytes) => sum + bytes, 0));
    });
  });

  test("both limits hold afterwards; only pins can exceed the size", () => {
    check((contents, limits) => {
      const plan = planClean(contents, limits);
      expect(plan.kept.filter((entry) => isTooOld(entry, limits))).toEqual([]);
      expect(plan.kept.filter((entry) => entry.damage !== undefined)).toEqual([]);
      const limit = limits.maxSizeBytes ?? Number.POSITIVE_INFINITY;
      if (plan.kept.length > 0) expect(plan.keptBytes).toBeLessThanOrEqual(limit);
      else expect(plan.keptBytes).toBe(bytesOf(contents, []));
    });
  });

  test("the least recently used go first, and no more than have to", () => {
    check((contents, limits) => {
      const plan = planClean(contents, limits);
      const forSize = plan.evictions.filter(({ reason }) => reason === "size").map(({ entry }) => entry);
      const oldestKept = Math.min(...plan.kept.map((entry) => entry.lastUsedMs));
      for (const entry of forSize) expect(entry.lastUsedMs).toBeLessThanOrEqual(oldestKept);
      const last = forSize.at(-1);
      if (last === undefined) return;
      expect(bytesOf(contents, [...plan.kept, last])).toBeGreaterThan(limits.maxSizeBytes ?? 0);
    });
  });

  test("each eviction has its reason", () => {
    check((contents, limits) => {
      for (const { entry, reason } of planClean(contents, limits).evictions) {
        const isAged = isTooOld(entry, limits);
        expect(reason).toBe(entry.damage !== undefined ? "damage" : isAged ? "age" : "size");
      }
    });
  });

  test("the plan does not depend on the order in which things were found", () => {
    check((contents, limits) => {
      const ids = (entries: readonly CachedEntry[]): string[] => entries.map((entry) => entry.id);
      const plan = planClean(contents, limits);
      const other = planClean({ ...contents, entries: contents.entries.toReversed() }, limits);
      expect(ids(other.kept)).toEqual(ids(plan.kept));
      expect(ids(other.evictions.map(({ entry }) => entry))).toEqual(
        ids(plan.evictions.map(({ entry }) => entry)),
      );
      expect(other.removedObjects).toEqual(plan.removedObjects);
    });
  });

  test("without limits only garbage and damaged entries go", () => {
    check((contents) => {
      const plan = planClean(contents, { nowMs: NOW_MS, maxAgeMs: undefined, maxSizeBytes: undefined });
      expect(new Set(plan.kept)).toEqual(
        new Set(contents.entries.filter((entry) => entry.damage === undefined)),
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
    objects: Uint32Array.from(objects),
  });
  const plan = planClean(
    {
      entries: [entry("new", 2, [1, 2]), entry("old", 1, [0, 1])],
      objectBytes: [100, 200, 400],
      objectCount: 3,
      pinnedObjects: new Uint32Array(0),
    },
    { nowMs: 3, maxAgeMs: undefined, maxSizeBytes: 650 },
  );
  expect(plan.evictions.map(({ entry, freedBytes }) => [entry.id, freedBytes])).toEqual([["old", 101]]);
  expect(plan.keptBytes).toBe(601);
  expect(plan.removedObjects).toEqual([0]);
});

test("a hundred thousand entries", () => {
  const count = 100_000;
  const entries = Array.from({ length: count }, (_, index): CachedEntry => {
    return {
      id: `${index}`,
      keys: [],
      lastUsedMs: index,
      ownBytes: 1,
      objects: Uint32Array.of(index),
    };
  });
  const plan = planClean(
    { entries, objectBytes: entries.map(() => 1), objectCount: count, pinnedObjects: new Uint32Array(0) },
    { nowMs: count, maxAgeMs: undefined, maxSizeBytes: 2 },
  );
  expect(plan.kept.map((entry) => entry.id)).toEqual([`${count - 1}`]);
  expect(plan.removedObjects).toHaveLength(count - 1);
});
