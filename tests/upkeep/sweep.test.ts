import { expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { Session } from "../../src/cache/session.ts";
import { findEntry } from "../../src/entry/find-entry.ts";
import { NO_GRACE } from "../../src/inventory/find-young.ts";
import { takeStock } from "../../src/inventory/take-stock.ts";
import { planPacks } from "../../src/upkeep/pack-plan.ts";
import { planClean } from "../../src/upkeep/plan.ts";
import { sweep } from "../../src/upkeep/sweep.ts";
import { InlineRunner } from "../../src/work/inline-runner.ts";
import { HandMadeCache } from "../support/hand-made-cache.ts";
import { noProgress } from "../support/no-progress.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();
const runner = new InlineRunner({ isCancelled: () => false });

/** Evicts the older of two entries that share an object, and is stopped at the `lastPause`th pause. */
async function sweepUntil(cache: HandMadeCache, lastPause: number, forgetsNames: boolean): Promise<number> {
  const nowMs = Date.now();
  const request = { nowMs, grace: NO_GRACE, runner, pause: async () => {}, forgetsNames };
  const stock = await takeStock(cache.directory, request);
  const plan = planClean(stock, { nowMs, maxAgeMs: nowMs - 1_500_000_000_000, maxSizeBytes: undefined });
  expect(plan.evictions.map(({ entry }) => entry.keys)).toEqual([["old", "old-too"]]);
  const session = Session.open(cache.directory);
  let pauses = 0;
  const pause = async (): Promise<void> => {
    pauses += 1;
    if (pauses === lastPause) throw new Error("stopped");
  };
  try {
    const packPlan = planPacks(stock, plan.unneededItems, nowMs);
    await sweep(cache.directory, stock, plan, packPlan, {
      session,
      progress: noProgress,
      runner,
      pause,
      onWarning: () => undefined,
    });
  } catch (error) {
    expect(error).toEqual(new Error("stopped"));
  } finally {
    session.close();
  }
  return pauses;
}

function prepare(): HandMadeCache {
  const cache = new HandMadeCache(scratch);
  const old = cache.addEntry("old", { a: "old a", b: "old b", shared: "shared" }, 1_400_000_000);
  cache.addKey("old-too", [old], 1_300_000_000);
  cache.addEntry("new", { c: "new c", shared: "shared" }, 1_600_000_000);
  cache.addObject("garbage");
  return cache;
}

const objectsOf = (cache: HandMadeCache): string[] =>
  readdirSync(cache.directory.objects, { recursive: true })
    .map(String)
    .filter((name) => name.includes("/"));

for (const forgetsNames of [false, true]) {
  test(`stopped after any step it leaves whole entries and garbage, names ${forgetsNames ? "listed again" : "kept"}`, async () => {
    let isOver = false;
    for (let lastPause = 1; !isOver; lastPause++) {
      const cache = prepare();
      isOver = (await sweepUntil(cache, lastPause, forgetsNames)) < lastPause;
      expect((await findEntry(cache.directory, "new")).kind).toBe("found");
      for (const content of ["new c", "shared"])
        expect(existsSync(cache.describe(content).object)).toBe(true);
      for (const key of ["old", "old-too"]) {
        const entry = await findEntry(cache.directory, key);
        if (entry.kind === "missing") continue;
        // As long as a key is there, so is everything that it needs.
        expect(entry.kind).toBe("found");
        for (const content of ["old a", "old b"])
          expect(existsSync(cache.describe(content).object)).toBe(true);
      }
      expect(lastPause).toBeLessThan(50);
      if (!isOver) continue;
      expect(objectsOf(cache)).toHaveLength(2);
      expect(readdirSync(cache.directory.keys)).toEqual(["new"]);
    }
  });
}
