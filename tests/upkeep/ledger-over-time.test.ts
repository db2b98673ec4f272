import { expect, test } from "bun:test";
import { rmSync, utimesSync } from "node:fs";
import * as fc from "fast-check";
import { CacheDirectory } from "../../src/cache/cache-directory.ts";
import { measureCache } from "../../src/entry/measure-cache.ts";
import { inlineRuntime } from "../support/inline-runtime.ts";
import { LargeCache } from "../support/large-cache.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();
const DAY_MS = 24 * 60 * 60 * 1000;

/** What entries take, by the ledger and by all manifests. */
async function measureBothWays({ made }: LargeCache): Promise<unknown[]> {
  const cache = CacheDirectory.open(made.directory.path);
  const measured: unknown[] = [];
  for (const mayRecall of [true, false]) {
    const { entries, keptBytes, garbageBytes } = await measureCache(cache, inlineRuntime(), mayRecall);
    const sizes = entries.map(({ entry, sizeBytes, freedBytes }) => ({
      id: entry.id,
      sizeBytes,
      freedBytes,
    }));
    measured.push({ sizes, keptBytes, garbageBytes });
  }
  return measured;
}

const CONTENTS = ["p", "q", "r", "s", "t", "u"] as const;
const KEYS = ["k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8"] as const;

const steps = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("store" as const),
      key: fc.constantFrom(...KEYS),
      contents: fc.subarray([...CONTENTS], { minLength: 1 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("delete" as const), key: fc.constantFrom(...KEYS) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("expire" as const), key: fc.constantFrom(...KEYS) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("drop" as const), content: fc.constantFrom(...CONTENTS) }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("clean" as const) }) },
);

test("whatever comes and goes between cleans, exactly what entries need stays", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 4, maxLength: 16 }), async (all) => {
      const large = new LargeCache(scratch);
      const entries = new Map<string, readonly string[]>(
        KEYS.map((key, index) => [key, [CONTENTS[index % CONTENTS.length] ?? "", `own of ${key}`]]),
      );
      for (const [key, contents] of entries) large.add(key, contents);
      await large.clean(DAY_MS);
      const expired = new Set<string>();
      for (const step of [...all, { kind: "clean" as const }]) {
        switch (step.kind) {
          case "store":
            large.add(step.key, step.contents);
            entries.set(step.key, step.contents);
            expired.delete(step.key);
            break;
          case "delete":
            rmSync(large.made.keyPath(step.key), { force: true });
            entries.delete(step.key);
            break;
          case "expire":
            if (!entries.has(step.key)) break;
            utimesSync(large.made.keyPath(step.key), 1_000_000_000, 1_000_000_000);
            expired.add(step.key);
            break;
          case "drop":
            rmSync(large.made.describe(step.content).object, { force: true });
            break;
          case "clean": {
            const there = new Set(large.namesIn("objects"));
            // Keys of the same tree are one entry, used last by the latest.
            const idOf = (contents: readonly string[]): string => [...contents].toSorted().join();
            const used = new Set(
              [...entries].flatMap(([key, contents]) => (expired.has(key) ? [] : [idOf(contents)])),
            );
            for (const [key, contents] of entries) {
              const isWhole = large.nameObjects(contents).every((name) => there.has(name));
              if (!isWhole || !used.has(idOf(contents))) entries.delete(key);
            }
            for (const isCleaned of [false, true]) {
              if (isCleaned) await large.clean(DAY_MS);
              const [recalled, counted] = await measureBothWays(large);
              expect(recalled).toEqual(counted);
            }
            expect(large.keys()).toEqual([...entries.keys()].toSorted());
            expect(large.namesIn("objects")).toEqual(large.nameObjects([...entries.values()].flat()));
            expect(large.namesIn("manifests")).toHaveLength(new Set([...entries.values()].map(idOf)).size);
            break;
          }
        }
      }
    }),
    { numRuns: 12 },
  );
});
