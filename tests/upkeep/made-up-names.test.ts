import { expect, test } from "bun:test";
import { chmodSync, existsSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { CacheDirectory } from "../../src/cache/cache-directory.ts";
import { parseFileName } from "../../src/inventory/parse-file-name.ts";
import { formatObjectName } from "../../src/objects/object-name.ts";
import { cleanCache } from "../../src/upkeep/clean.ts";
import { HandMadeCache } from "../support/hand-made-cache.ts";
import { inlineRuntime } from "../support/inline-runtime.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();

/** Another object with the same id: what its digest differs in makes up for what its time differs in. */
function plantTwin(object: string, contents: string): string {
  const name = parseFileName(basename(object));
  const digest = Int32Array.from(name.digests);
  digest[1] = (digest[1] ?? 0) ^ name.mtimeSeconds;
  // The half that no id has.
  digest[7] = (digest[7] ?? 0) ^ 1;
  const twin = formatObjectName({
    digestHex: Buffer.from(digest.buffer).toString("hex"),
    permissions: name.permissions,
    mtimeSeconds: 0,
    mtimeNanoseconds: 0,
    isExclusive: false,
  });
  const path = join(dirname(object), twin);
  writeFileSync(path, contents);
  chmodSync(path, name.permissions);
  utimesSync(path, 0, 0);
  return path;
}

async function clean({ directory }: HandMadeCache, maxAgeMs?: number) {
  const cache = CacheDirectory.open(directory.path);
  return await cleanCache({ cache, maxAgeMs, maxSizeBytes: undefined, dryRun: false }, inlineRuntime());
}

test("a made-up name with the id of an object that is needed stays with it, and nothing else does", async () => {
  const cache = new HandMadeCache(scratch);
  cache.addEntry("key", { a: "needed", b: "shared" });
  const garbage = cache.addObject("garbage");
  const needed = cache.describe("needed").object;
  const twin = plantTwin(needed, "NEEDED");
  await clean(cache);
  expect([needed, twin, garbage].map((path) => existsSync(path))).toEqual([true, true, false]);
  rmSync(cache.keyPath("key"));
  await clean(cache);
  const left = readdirSync(cache.directory.objects, { recursive: true }).map(String);
  expect(left.filter((name) => name.includes("/"))).toEqual([]);
});

test("a made-up name beside garbage is garbage", async () => {
  const cache = new HandMadeCache(scratch);
  cache.addEntry("key", { a: "needed" });
  const garbage = cache.addObject("garbage");
  const twin = plantTwin(garbage, "GARBAGE");
  await clean(cache);
  expect([garbage, twin].map((path) => existsSync(path))).toEqual([false, false]);
  expect(existsSync(cache.describe("needed").object)).toBe(true);
});

test("one that is not whole costs no more than a miss", async () => {
  const cache = new HandMadeCache(scratch);
  cache.addEntry("key", { a: "needed" });
  cache.addEntry("other", { a: "other" });
  plantTwin(cache.describe("needed").object, "longer than it should be");
  const { removed } = await clean(cache);
  const isEvicted = removed.length > 0;
  expect(removed.map(({ keys, reason }) => ({ keys, reason }))).toEqual(
    isEvicted ? [{ keys: ["key"], reason: "damage" }] : [],
  );
  expect(existsSync(cache.describe("needed").object)).toBe(!isEvicted);
  expect(existsSync(cache.describe("other").object)).toBe(true);
});
