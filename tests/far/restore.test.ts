import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { restoreTree, storeTree } from "../support/bucket-runs.ts";
import { snapshotTree } from "../support/compare-trees.ts";
import { inlineRuntime } from "../support/inline-runtime.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree, symlink } from "../support/tree.ts";

const scratch = Scratch.use();

function makeSource(): string {
  const path = scratch.fresh();
  const children = Object.fromEntries(
    Array.from({ length: 30 }, (_, number) => [
      `f${number}`,
      file(`content ${number}`, { mtime: `@${number}.5` }),
    ]),
  );
  const large = file(randomBytes(9 * 1024 * 1024));
  makeTree(path, dir({ many: dir(children), large, empty: file(""), link: symlink("large"), none: dir() }));
  return path;
}

/** Warnings that are expected. */
function listeningRuntime() {
  const warnings: string[] = [];
  return {
    warnings,
    runtime: { ...inlineRuntime(), onWarning: (warning: string) => warnings.push(warning) },
  };
}

test("a tree comes back from a bucket in few requests", async () => {
  const store = new MemoryStore();
  const source = makeSource();
  expect(await storeTree(store, ["a-1"], source)).toMatchObject({
    fileCount: 32,
    fileCounts: { packed: 31 },
  });
  store.requests.length = 0;
  const destination = scratch.fresh();
  const restored = await restoreTree(store, ["a-1"], destination);
  expect(restored).toMatchObject({ outcome: "hit", isUseNoted: true, fileCounts: { unpacked: 31 } });
  expect(snapshotTree(destination)).toEqual(snapshotTree(source));
  const ranges = store.requests.filter((request) => request.startsWith("GET btdt-v1/packs/"));
  expect(store.requests.filter((request) => !ranges.includes(request))).toEqual([
    "GET btdt-v1/keys/a-1",
    "GET btdt-v1/used/2026-03-09/a-1",
    "PUT btdt-v1/used/2026-03-09/a-1",
  ]);
  // The tail, and two for 9 MiB that do not compress.
  expect(ranges).toHaveLength(3);
});

test("fallback keys are tried in order, then prefixes, the newest first", async () => {
  const store = new MemoryStore();
  const source = scratch.freshDirectory();
  for (const [number, key] of ["main-1", "main-2", "Main-3", "other"].entries()) {
    writeFileSync(join(source, "key"), key);
    store.nowMs += 1000 * (number + 1);
    await storeTree(store, [key], source);
  }
  const restore = async (keys: readonly [string, ...string[]], prefixes: readonly string[]) =>
    await restoreTree(store, keys, scratch.fresh(), { fallbackPrefixes: prefixes });
  expect(await restore(["x", "other"], ["main-"])).toMatchObject({ outcome: "fallback", key: "other" });
  expect(await restore(["x", "y"], ["main-"])).toMatchObject({ outcome: "fallback", key: "main-2" });
  expect(await restore(["x"], ["none", "Main"])).toMatchObject({ outcome: "fallback", key: "Main-3" });
  expect(await restore(["x"], ["none"])).toMatchObject({ outcome: "miss" });
});

test("only the blocks of files that a destination lacks are fetched", async () => {
  const store = new MemoryStore();
  const source = makeSource();
  await storeTree(store, ["a"], source);
  const destination = scratch.fresh();
  await restoreTree(store, ["a"], destination);
  rmSync(join(destination, "many", "f3"));
  store.requests.length = 0;
  await restoreTree(store, ["a"], destination);
  expect(snapshotTree(destination)).toEqual(snapshotTree(source));
  // The tail, and the block with the small files.
  expect(store.requests.filter((request) => request.startsWith("GET btdt-v1/packs/"))).toHaveLength(2);
});

test("what is damaged in a bucket is a miss with a warning, and stored again by the next store", async () => {
  const store = new MemoryStore();
  const source = makeSource();
  await storeTree(store, ["a"], source);
  const [name = ""] = store.names("btdt-v1/packs/");
  const pack = store.objects.get(name);
  if (pack === undefined) throw new Error("no pack was stored");
  const bytes = pack.bytes.slice();
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  store.objects.set(name, { ...pack, bytes });

  const { warnings, runtime } = listeningRuntime();
  const destination = scratch.fresh();
  expect(await restoreTree(store, ["a"], destination, { runtime })).toMatchObject({ outcome: "miss" });
  expect(warnings).toEqual([expect.stringMatching(/are damaged in their packs$/)]);
  expect(() => snapshotTree(destination)).toThrow();

  await storeTree(store, ["a"], source);
  expect(await restoreTree(store, ["a"], destination)).toMatchObject({ outcome: "hit" });
  expect(snapshotTree(destination)).toEqual(snapshotTree(source));
});

test("a pack that is missing or cut short is a miss, and stored again by the next store", async () => {
  const source = makeSource();
  for (const cut of [(bytes: Uint8Array) => bytes.subarray(0, bytes.length - 10), undefined]) {
    const store = new MemoryStore();
    await storeTree(store, ["a"], source);
    const [name = ""] = store.names("btdt-v1/packs/");
    const pack = store.objects.get(name);
    if (pack === undefined) throw new Error("no pack was stored");
    if (cut === undefined) store.objects.delete(name);
    else store.objects.set(name, { ...pack, bytes: cut(pack.bytes) });
    const { warnings, runtime } = listeningRuntime();
    expect(await restoreTree(store, ["a"], scratch.fresh(), { runtime })).toMatchObject({ outcome: "miss" });
    expect(warnings).toEqual([expect.stringMatching(/: its pack [0-9a-f]{32} is (missing|damaged)$/)]);
    await storeTree(store, ["a"], source);
    expect(await restoreTree(store, ["a"], scratch.fresh())).toMatchObject({ outcome: "hit" });
  }
});
