import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { restoreTree, storeTree } from "../support/bucket-runs.ts";
import { snapshotTree } from "../support/compare-trees.ts";
import { inlineRuntime } from "../support/inline-runtime.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();
const HOUR_MS = 60 * 60 * 1000;

/** Files that do not compress, so that sizes tell what was uploaded. */
function makeSource(fileCount = 100): string {
  const path = scratch.freshDirectory();
  for (let number = 0; number < fileCount; number++)
    writeFileSync(join(path, `f${number}`), randomBytes(20_000));
  return path;
}

function packBytes(store: MemoryStore): number {
  return store
    .names("btdt-v1/packs/")
    .reduce((sum, name) => sum + (store.objects.get(name)?.bytes.length ?? 0), 0);
}

async function expectRestored(store: MemoryStore, key: string, source: string): Promise<void> {
  const destination = scratch.fresh();
  expect(await restoreTree(store, [key], destination)).toMatchObject({ outcome: "hit" });
  expect(snapshotTree(destination)).toEqual(snapshotTree(source));
}

test("nothing is uploaded again for a tree that the nearest entry has", async () => {
  const store = new MemoryStore();
  const source = makeSource();
  writeFileSync(join(source, "large"), randomBytes(9 * 1024 * 1024));
  await storeTree(store, ["npm-1"], source);
  store.requests.length = 0;
  expect(await storeTree(store, ["npm-2", "npm-3"], source)).toMatchObject({
    newBytes: 0,
    fileCounts: { packed: 0 },
  });
  expect(store.requests.filter((request) => /^(PUT|PART)/.test(request))).toEqual([
    "PUT btdt-v1/keys/npm-2",
    "PUT btdt-v1/keys/npm-3",
  ]);
  await expectRestored(store, "npm-3", source);
});

test("a tree that changed a little costs little, and is whole without the key that it was stored after", async () => {
  const store = new MemoryStore();
  const source = makeSource();
  await storeTree(store, ["npm-1"], source);
  const before = packBytes(store);
  writeFileSync(join(source, "f7"), randomBytes(20_000));
  utimesSync(join(source, "f8"), 1, 1);
  await storeTree(store, ["npm-2"], source);
  expect(packBytes(store) - before).toBeLessThan(0.05 * before);
  store.objects.delete("btdt-v1/keys/npm-1");
  await expectRestored(store, "npm-2", source);
});

test("an entry never needs more than a dozen packs", async () => {
  const store = new MemoryStore();
  const source = makeSource(60);
  for (let number = 0; number < 16; number++) {
    for (let each = 0; each < 3; each++)
      writeFileSync(join(source, `f${3 * number + each}`), randomBytes(20_000));
    await storeTree(store, [`npm-${number}`], source);
  }
  store.requests.length = 0;
  await expectRestored(store, "npm-15", source);
  const packs = store.requests.map((request) => /^GET btdt-v1\/packs\/([0-9a-f]{32})/.exec(request)?.[1]);
  expect(new Set(packs.filter((pack) => pack !== undefined)).size).toBeLessThanOrEqual(12);
});

test("a pack that is condemned is not counted on any more", async () => {
  const store = new MemoryStore();
  const source = makeSource(10);
  await storeTree(store, ["a-1"], source);
  const [name = ""] = store.names("btdt-v1/packs/");
  await store.put(name.replace("packs", "condemned"), new Uint8Array(0));
  await storeTree(store, ["a-2"], source);
  store.objects.delete(name);
  await expectRestored(store, "a-2", source);
});

test("a store that takes a day begins again", async () => {
  const store = new MemoryStore();
  const source = makeSource(10);
  await storeTree(store, ["a-1"], source);
  const [name = ""] = store.names("btdt-v1/packs/");
  writeFileSync(join(source, "new"), "new");
  let isPaused = false;
  store.beforeRequest = (request) => {
    // A clean condemns the pack meanwhile, and another one deletes it.
    if (isPaused || !request.startsWith("PUT btdt-v1/packs/")) return;
    isPaused = true;
    store.objects.delete(name);
    store.objects.delete("btdt-v1/keys/a-1");
    store.nowMs += 24 * HOUR_MS;
  };
  const warnings: string[] = [];
  const runtime = { ...inlineRuntime(), onWarning: (warning: string) => warnings.push(warning) };
  await storeTree(store, ["a-2"], source, runtime);
  expect(isPaused).toBe(true);
  expect(warnings).toEqual([expect.stringContaining("storing again")]);
  await expectRestored(store, "a-2", source);
});

test("a store that fails leaves no key, and aborts its upload", async () => {
  const source = makeSource(10);
  for (const failing of ["PART btdt-v1/packs/", "PUT btdt-v1/packs/", "PUT btdt-v1/keys/"]) {
    const store = new MemoryStore();
    store.beforeRequest = (request) => {
      if (request.startsWith(failing)) throw new Error("the server is gone");
    };
    expect(await storeTree(store, ["a"], source).catch(String)).toBe("Error: the server is gone");
    expect(store.names("btdt-v1/keys/")).toEqual([]);
    const aborts = store.requests.filter((request) => request.startsWith("ABORT"));
    expect(aborts).toHaveLength(failing.startsWith("PUT btdt-v1/keys") ? 0 : 1);
  }
});

test("a cancelled store publishes nothing", async () => {
  const store = new MemoryStore();
  const source = makeSource(10);
  let isCancelled = false;
  store.beforeRequest = (request) => {
    isCancelled ||= request.startsWith("LIST");
  };
  const storing = storeTree(
    store,
    ["a"],
    source,
    inlineRuntime(() => isCancelled),
  );
  expect(await storing.catch((error: unknown) => error)).toMatchObject({ code: "CANCELLED" });
  expect(store.names()).toEqual([]);
});

test("a tree without contents is an entry, too", async () => {
  const store = new MemoryStore();
  const source = scratch.freshDirectory();
  await storeTree(store, ["empty"], source);
  await expectRestored(store, "empty", source);
});
