import { expect, test } from "bun:test";
import { rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { NO_GRACE } from "../../src/inventory/find-young.ts";
import type { Inventory } from "../../src/inventory/inventory.ts";
import { measureEntries } from "../../src/inventory/measure-entries.ts";
import { takeStock } from "../../src/inventory/take-stock.ts";
import { InlineRunner } from "../../src/work/inline-runner.ts";
import { HandMadeCache } from "../support/hand-made-cache.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();
const runner = new InlineRunner({ isCancelled: () => false });
const NOW_MS = Date.now();

async function stockOf(cache: HandMadeCache, unneededMs = 0): Promise<Inventory> {
  return await takeStock(cache.directory, {
    nowMs: NOW_MS,
    grace: { ...NO_GRACE, unneededMs },
    runner,
    pause: async () => {},
  });
}

/** The names of the files that an entry needs. */
function needsOf(stock: Inventory, key: string): string[] {
  const entry = stock.entries.find(({ keys }) => keys.includes(key));
  return [...(entry?.listItems() ?? [])].map((item) => stock.items.fileOf(item)?.name ?? "none").toSorted();
}

function conditionOf(stock: Inventory, key: string): string {
  const condition = stock.entries.find(({ keys }) => keys.includes(key))?.condition;
  return condition === undefined || condition.kind === "whole"
    ? "whole"
    : `${condition.kind}: ${condition.reason}`;
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

test("keys with the same manifests are one entry, used last by the latest", async () => {
  const cache = new HandMadeCache(scratch);
  const manifest = cache.addEntry("a", { f: "content" }, 1_500_000_000);
  cache.addKey("b", [manifest], 1_600_000_000);
  const stock = await stockOf(cache);
  expect(stock.entries).toHaveLength(1);
  expect(stock.entries[0]).toMatchObject({
    keys: ["a", "b"],
    keyFiles: ["a", "b"],
    lastUsedMs: 1_600_000_000_000,
    condition: { kind: "whole" },
  });
  expect(needsOf(stock, "b")).toEqual([nameOf(cache.addObject("content")), manifest].toSorted());
  expect(stock.warnings).toEqual([]);
});

test("entries share items, and each item's size counts once", async () => {
  const cache = new HandMadeCache(scratch);
  cache.addEntry("a", { own: "a".repeat(5000), shared: "s".repeat(9000) });
  cache.addEntry("b", { shared: "s".repeat(9000) });
  cache.addObject("g".repeat(20_000));
  const { entries, garbageBytes, keptBytes } = measureEntries(await stockOf(cache));
  expect(garbageBytes).toBe(20_480);
  const [a, b] = entries;
  expect((a?.sizeBytes ?? 0) - (a?.freedBytes ?? 0)).toBe(12_288);
  expect((b?.sizeBytes ?? 0) - (b?.freedBytes ?? 0)).toBe(12_288);
  expect(keptBytes).toBe((a?.sizeBytes ?? 0) + (b?.freedBytes ?? 0));
});

test("a missing, truncated or edited object damages its entry and no other", async () => {
  const cache = new HandMadeCache(scratch);
  cache.addEntry("whole", { f: "whole" });
  for (const key of ["missing", "short", "edited", "lost"]) cache.addEntry(key, { f: `of ${key}` });
  rmSync(cache.addObject("of missing"));
  const short = cache.addObject("of short");
  truncateSync(short, 3);
  utimesSync(short, 1_000_000_000, 1_000_000_000);
  writeFileSync(cache.addObject("of edited"), "edited content");
  rmSync(cache.manifestPath(cache.addManifest({ f: "of lost" })));
  const stock = await stockOf(cache);
  expect(["whole", "missing", "short", "edited", "lost"].map((key) => conditionOf(stock, key))).toEqual([
    "whole",
    "damaged: contents are missing",
    "damaged: contents are missing",
    "damaged: contents are missing",
    "damaged: its manifest is missing",
  ]);
  const editedPaths = stock.entries.map(({ keys, condition }) => [
    keys[0],
    condition.kind === "damaged" ? condition.editedPaths : [],
  ]);
  // What is shorter with its time unchanged was lost, not edited.
  expect(Object.fromEntries(editedPaths)).toEqual({
    whole: [],
    missing: [],
    short: [],
    edited: ["f"],
    lost: [],
  });
});

test("a changed manifest, an invalid key file, a directory with the name of a key", async () => {
  const cache = new HandMadeCache(scratch);
  const manifest = cache.addEntry("altered", { f: "content" });
  writeFileSync(cache.manifestPath(manifest), "altered");
  writeFileSync(cache.keyPath("torn"), "{");
  cache.replaceByDirectory(cache.keyPath("directory"));
  const stock = await stockOf(cache);
  expect(conditionOf(stock, "altered")).toStartWith("damaged: ");
  expect(stock.garbage.damagedKeyFiles.map(({ name }) => name)).toEqual(["torn"]);
  expect(stock.warnings).toEqual([
    "directory in the directory of keys is left alone: it is not a regular file",
  ]);
  expect(stock.mayAllBeNeeded).toBe(false);
});

test("dead sessions are garbage", async () => {
  const cache = new HandMadeCache(scratch);
  const session = cache.addDeadSession();
  const { garbage } = await stockOf(cache);
  expect(garbage.sessions.map(({ directory }): string => directory)).toEqual([session]);
  expect(garbage.count).toBe(1);
});

test("with a grace, young files are pinned, but not those that an entry needs", async () => {
  const cache = new HandMadeCache(scratch);
  cache.addEntry("k", { f: "needed" });
  cache.addObject("unneeded");
  const stock = await stockOf(cache, 60_000);
  const pinned = [...stock.pinnedItems].map((item) => stock.items.fileOf(item)?.name);
  expect(pinned).toEqual([nameOf(cache.addObject("unneeded"))]);
  expect([...(await stockOf(cache)).pinnedItems]).toEqual([]);
});

test("it stops when it is told to", async () => {
  const cache = new HandMadeCache(scratch);
  cache.addEntry("k", { f: "content" });
  const stopped = new Error("stopped");
  const pause = (): Promise<void> => Promise.reject(stopped);
  const taking = takeStock(cache.directory, { nowMs: NOW_MS, grace: NO_GRACE, runner, pause });
  expect(await taking.catch((error: unknown) => error)).toBe(stopped);
});
