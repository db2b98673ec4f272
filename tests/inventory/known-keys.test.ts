import { expect, test } from "bun:test";
import { renameSync, rmSync, utimesSync } from "node:fs";
import { NO_GRACE } from "../../src/inventory/find-young.ts";
import { KnownKeys } from "../../src/inventory/known-keys.ts";
import type { FoundKey } from "../../src/inventory/read-key.ts";
import { Stocktaking } from "../../src/inventory/take-stock.ts";
import { InlineRunner } from "../../src/work/inline-runner.ts";
import { HandMadeCache } from "../support/hand-made-cache.ts";
import { Scratch } from "../support/scratch.ts";
import { UNCANCELLED } from "../support/uncancelled.ts";

const scratch = Scratch.use();
const MANIFESTS = ["ab".repeat(32), "cd".repeat(32)] as const;
const LONG_AGO_SECONDS = 1_500_000_000;

/** So long from now that whatever was just made has not changed for a while. */
const laterMs = (): number => Date.now() + 60_000;

const manifestOf = (key: FoundKey): string =>
  key.kind === "read" ? key.record.trees[0].manifest : `none: it is ${key.kind}`;

test("a key that has not changed is read once", () => {
  const cache = new HandMadeCache(scratch);
  cache.addKey("a", [MANIFESTS[0]], LONG_AGO_SECONDS);
  const keys = new KnownKeys(cache.directory, laterMs());
  expect(keys.read("a")).toBe(keys.read("a"));
});

test("a key that had just changed is read again, because the clock may not have advanced since", () => {
  const cache = new HandMadeCache(scratch);
  cache.addKey("a", [MANIFESTS[0]], LONG_AGO_SECONDS);
  const keys = new KnownKeys(cache.directory, Date.now());
  const [first, second] = [keys.read("a"), keys.read("a")];
  expect(first).not.toBe(second);
  expect(first).toEqual(second);
});

test("whatever changes a key is seen", () => {
  const cache = new HandMadeCache(scratch);
  const keys = new KnownKeys(cache.directory, laterMs());
  const path = cache.keyPath("a");
  const replace = (): void => {
    cache.addKey("other", [MANIFESTS[1]], LONG_AGO_SECONDS);
    renameSync(cache.keyPath("other"), path);
  };
  const begin = (): FoundKey => {
    cache.addKey("a", [MANIFESTS[0]], LONG_AGO_SECONDS);
    return keys.read("a");
  };
  expect(manifestOf(begin())).toBe(MANIFESTS[0]);
  utimesSync(path, LONG_AGO_SECONDS + 1, LONG_AGO_SECONDS + 1);
  expect(keys.read("a")).toMatchObject({ status: { mtimeSeconds: LONG_AGO_SECONDS + 1 } });
  // With the size and time that it had.
  begin();
  cache.addKey("a", [MANIFESTS[1]], LONG_AGO_SECONDS);
  expect(manifestOf(keys.read("a"))).toBe(MANIFESTS[1]);
  begin();
  replace();
  expect(keys.read("a").kind).toBe("damaged");
  begin();
  cache.replaceByDirectory(path);
  expect(keys.read("a").kind).toBe("foreign");
  rmSync(path, { recursive: true });
  expect(keys.read("a").kind).toBe("gone");
  expect(manifestOf(begin())).toBe(MANIFESTS[0]);
});

test("a second look sees keys that were stored, replaced, used and deleted since", async () => {
  const cache = new HandMadeCache(scratch);
  for (const key of ["same", "replaced", "used", "deleted"])
    cache.addEntry(key, { f: `of ${key}` }, LONG_AGO_SECONDS);
  const request = {
    nowMs: laterMs(),
    grace: NO_GRACE,
    runner: new InlineRunner(UNCANCELLED),
    pause: async () => {},
  };
  const stocktaking = new Stocktaking(cache.directory, request);
  expect((await stocktaking.take()).entries).toHaveLength(4);
  const replacing = cache.addEntry("replaced", { f: "another" }, LONG_AGO_SECONDS);
  cache.addEntry("stored", { f: "new" }, LONG_AGO_SECONDS);
  utimesSync(cache.keyPath("used"), LONG_AGO_SECONDS + 5, LONG_AGO_SECONDS + 5);
  rmSync(cache.keyPath("deleted"));
  const stock = await stocktaking.update();
  const entries = stock?.entries.map(({ keys, id, lastUsedMs }) => [keys[0], id, lastUsedMs / 1000]) ?? [];
  expect(entries.map(([key]) => key)).toEqual(["replaced", "same", "stored", "used"]);
  expect(entries[0]?.[1]).toBe(replacing);
  expect(entries[3]?.[2]).toBe(LONG_AGO_SECONDS + 5);
  const unneeded = [...(stock?.needs.counts.listEntryCounts() ?? [])].filter((count) => count === 0);
  // The manifest and the object of each of the two that are gone; what is new was in no listing.
  expect(unneeded).toHaveLength(4);
});
