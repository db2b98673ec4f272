import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { cleanBucket } from "../../src/far/clean-bucket.ts";
import { deleteFromBucket, planBucketDeletion } from "../../src/far/delete-from-bucket.ts";
import { explainBucketMiss } from "../../src/far/explain-bucket-miss.ts";
import { listBucket, measureBucket } from "../../src/far/list-bucket.ts";
import { restoreTree, storeTree } from "../support/bucket-runs.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();
const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
const NO_LIMITS = { maxAgeMs: undefined, maxSizeBytes: undefined, dryRun: false };
const PACKS = "btdt-v1/packs/";

function makeSource(sizeBytes = 50_000): string {
  const path = scratch.freshDirectory();
  writeFileSync(join(path, "file"), randomBytes(sizeBytes));
  return path;
}

test("what a deleted key needed goes in two steps, each more than a day after the one before", async () => {
  const store = new MemoryStore();
  await storeTree(store, ["a"], makeSource());
  await deleteFromBucket(store, ["a"]);
  const clean = () => cleanBucket(store, NO_LIMITS);

  expect((await clean()).waiting).toMatchObject({ packCount: 1 });
  expect(store.names("btdt-v1/condemned/")).toEqual([]);
  store.nowMs += 26 * HOUR_MS;
  expect((await clean()).waiting).toMatchObject({ packCount: 1 });
  expect(store.names("btdt-v1/condemned/")).toHaveLength(1);
  store.nowMs += 24 * HOUR_MS;
  expect((await clean()).packs).toMatchObject({ removedCount: 0 });
  store.nowMs += 2 * HOUR_MS;
  expect(await clean()).toMatchObject({ packs: { removedCount: 1 }, waiting: { packCount: 0, bytes: 0 } });
  expect(store.names()).toEqual(["btdt-v1/format"]);
});

test("keys go by age since their last use, and by size, the least recently used first", async () => {
  const store = new MemoryStore();
  for (const key of ["a", "b", "c"]) {
    await storeTree(store, [key], makeSource());
    store.nowMs += HOUR_MS;
  }
  store.nowMs += 4 * DAY_MS;
  await restoreTree(store, ["a"], scratch.fresh());
  store.nowMs += 2 * DAY_MS;

  const dry = await cleanBucket(store, { maxAgeMs: 5 * DAY_MS, maxSizeBytes: undefined, dryRun: true });
  expect(dry.removed.map(({ keys, reason }) => `${keys.join()} ${reason}`)).toEqual(["b age", "c age"]);
  expect(store.names("btdt-v1/keys/")).toHaveLength(3);
  const bySize = await cleanBucket(store, { maxAgeMs: undefined, maxSizeBytes: 120_000, dryRun: false });
  expect(bySize.removed.map(({ keys, reason }) => `${keys.join()} ${reason}`)).toEqual(["b size"]);
  expect(bySize.kept.entryCount).toBe(2);
  expect(store.names("btdt-v1/keys/")).toEqual(["btdt-v1/keys/a", "btdt-v1/keys/c"]);
});

test("a key that is stored again while a clean decides stays", async () => {
  const store = new MemoryStore();
  const source = makeSource();
  await storeTree(store, ["a"], source);
  store.nowMs += 10 * DAY_MS;
  let listings = 0;
  store.beforeRequest = async (request) => {
    if (request !== "LIST btdt-v1/keys/") return;
    listings += 1;
    if (listings !== 2) return;
    store.beforeRequest = () => undefined;
    await storeTree(store, ["a"], source);
  };
  await cleanBucket(store, { ...NO_LIMITS, maxAgeMs: DAY_MS });
  expect(listings).toBe(2);
  expect(await restoreTree(store, ["a"], scratch.fresh())).toMatchObject({ outcome: "hit" });
});

test("an entry whose record is damaged, or whose pack is missing, is evicted; one that a listing lacks is not", async () => {
  const store = new MemoryStore();
  for (const key of ["a", "b", "c"]) await storeTree(store, [key], makeSource());
  await store.put("btdt-v1/keys/a", Buffer.from("<html>"));
  const [, second = "", third = ""] = await Promise.all(
    ["a", "b", "c"].map(async (key) => {
      const found = await store.get(`btdt-v1/keys/${key}`);
      const text = found.kind === "found" ? Buffer.from(found.bytes).toString() : "";
      return /"id":"([0-9a-f]{32})"/.exec(text)?.[1] ?? "";
    }),
  );
  store.objects.delete(PACKS + second);
  const hidden = store.objects.get(PACKS + third);
  store.beforeRequest = (request) => {
    // Left out of the listing, but there.
    if (request === `LIST ${PACKS}`) store.objects.delete(PACKS + third);
    else if (hidden !== undefined) store.objects.set(PACKS + third, hidden);
  };
  const cleaned = await cleanBucket(store, NO_LIMITS);
  expect(cleaned.removed.map(({ reason }) => reason)).toEqual(["damage", "damage"]);
  expect(store.names("btdt-v1/keys/")).toEqual(["btdt-v1/keys/c"]);
});

test("keys are listed with the packs that they need, and what deleting them would free", async () => {
  const store = new MemoryStore();
  const source = makeSource();
  await storeTree(store, ["x-1"], source);
  store.nowMs += HOUR_MS;
  await storeTree(store, ["x-2"], source);
  await storeTree(store, ["y"], makeSource());
  const listed = await listBucket(store);
  expect(listed.map(({ key }) => key).toSorted()).toEqual(["x-1", "x-2", "y"]);
  expect(listed.every(({ findings }) => findings !== undefined && findings.damage === undefined)).toBe(true);
  expect(listed.every(({ findings }) => (findings?.sizeBytes ?? 0) > 50_000)).toBe(true);
  expect(await measureBucket(store)).toMatchObject({ keyCount: 3, entryCount: 2, garbageBytes: 0 });
  const shared = await planBucketDeletion(store, { kind: "named", keys: ["x-1", "z"] });
  expect(shared).toMatchObject({ keys: ["x-1"], missing: ["z"], freedBytes: 0 });
  const whole = await planBucketDeletion(store, { kind: "prefix", prefix: "x-" });
  expect(whole.keys).toEqual(["x-1", "x-2"]);
  expect(whole.freedBytes).toBeGreaterThan(50_000);
  expect(await deleteFromBucket(store, ["x-1", "z"])).toEqual({ deleted: ["x-1"], missing: ["z"] });
});

test("a miss is explained by keys with similar names", async () => {
  const store = new MemoryStore();
  for (const key of ["npm-1", "npm-2", "other"]) await storeTree(store, [key], makeSource());
  const explained = await explainBucketMiss(store, ["npm-3"], ["npm-1"]);
  expect(explained.keyCount).toBe(2);
  expect(explained.nearest.map(({ key }) => key)).toEqual(["npm-2"]);
});
