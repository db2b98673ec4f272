import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { differences, snapshotTree } from "../support/compare-trees.ts";
import { btdt, must } from "../support/executable.ts";
import { mountTmpfs } from "../support/mounts.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

const MiB = 2 ** 20;
const DAY_SECONDS = 24 * 60 * 60;

/** An entry of a given size that was last used some days ago. */
function storeEntry(key: string, ageDays: number, sizeBytes = MiB, shared = ""): void {
  const children = {
    own: file(Buffer.alloc(sizeBytes, key)),
    ...(shared === "" ? {} : { shared: file(shared.repeat(MiB), { mtime: "@5" }) }),
  };
  makeTree(scratch.path(key), dir(children));
  cache.store(key, key);
  // As in a pipeline, the source is gone by the next run; only then does an entry's removal free space.
  rmSync(scratch.path(key), { recursive: true });
  age(key, ageDays);
}

function age(key: string, days: number): void {
  const seconds = Date.now() / 1000 - days * DAY_SECONDS;
  utimesSync(cache.below("keys", key), seconds, seconds);
}

function clean(...options: string[]): string {
  const { exitCode, stdout, stderr } = cache.clean(...options);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return stdout;
}

test("without limits, only garbage is deleted", () => {
  storeEntry("a", 1000);
  expect(clean()).toMatch(/^Kept 1 entry, 1\.0 MiB\n$/);
  makeTree(scratch.path("other"), dir({ x: file("x") }));
  cache.store("a", "other");
  expect(clean()).toMatch(/^Removed \d+ unneeded files: frees 1\.0 MiB\nKept 1 entry, [\d.]+ KiB\n$/);
  expect(cache.objects()).toHaveLength(1);
  expect(cache.manifests()).toHaveLength(1);
  expect(cache.restore("a", "to").exitCode).toBe(0);
  expect(clean()).toMatch(/^Kept 1 entry, /);
});

test("--max-age removes what was last used longer ago", () => {
  storeEntry("old", 8);
  storeEntry("young", 6);
  const out = clean("--max-age", "7d");
  expect(out).toMatch(
    /^Removed old \(age\): last used 8d( \dh)? ago, frees 1\.0 MiB\nKept 1 entry, 1\.0 MiB\n$/,
  );
  expect(cache.keys()).toEqual(["young"]);
  expect(clean("--max-age", "1d 12h")).toContain("Removed young (age)");
  expect(clean("--max-age", "1d")).toBe("Kept 0 entries, 0 B\n");
  expect(cache.objects()).toEqual([]);
  expect(cache.manifests()).toEqual([]);
});

test("--max-size removes the least recently used first, until the rest fits", () => {
  for (const [key, days] of [
    ["c", 3],
    ["a", 5],
    ["d", 2],
    ["b", 4],
  ] as const)
    storeEntry(key, days);
  const out = clean("--max-size", "2500KiB");
  expect(out.match(/Removed (\w)/g)).toEqual(["Removed a", "Removed b"]);
  expect(cache.keys()).toEqual(["c", "d"]);
  for (const key of ["c", "d"]) expect(cache.restore(key, `to-${key}`).exitCode).toBe(0);
  for (const key of ["a", "b"]) expect(cache.restore(key, "none").exitCode).toBe(4);
});

test("a restore makes an entry the most recently used one", () => {
  storeEntry("a", 5);
  storeEntry("b", 4);
  expect(cache.restore("a", "to").exitCode).toBe(0);
  expect(clean("--max-size", "1500KiB")).toContain("Removed b (size)");
  expect(cache.keys()).toEqual(["a"]);
});

test("both limits together", () => {
  storeEntry("a", 9);
  storeEntry("b", 5);
  storeEntry("c", 1);
  const out = clean("--max-age", "7d", "--max-size", "1.5MiB");
  expect(out).toContain("Removed a (age)");
  expect(out).toContain("Removed b (size)");
  expect(cache.keys()).toEqual(["c"]);
});

test("what entries share is counted once and freed with the last of them", () => {
  storeEntry("a", 3, MiB, "s");
  storeEntry("b", 2, MiB, "s");
  expect(clean()).toMatch(/^Kept 2 entries, 3\.0 MiB\n$/);
  expect(clean("--max-size", "2500KiB")).toMatch(
    /^Removed a \(size\): .* frees 1\.0 MiB\nKept 1 entry, 2\.0 MiB\n$/,
  );
  expect(cache.restore("b", "to").exitCode).toBe(0);
  expect(clean("--max-size", "0")).toMatch(/frees 2\.0 MiB\nKept 0 entries, 0 B\n$/);
});

test("keys of one entry live and die together, by the one used last", () => {
  makeTree(scratch.path("tree"), dir({ own: file(Buffer.alloc(MiB, "x")) }));
  cache.store("one,two,three", "tree");
  storeEntry("other", 3);
  age("one", 9);
  age("two", 2);
  age("three", 9);
  expect(clean("--max-age", "7d")).toMatch(/^Kept 2 entries/);
  expect(clean("--max-size", "1.5MiB")).toContain("Removed other (size)");
  age("two", 9);
  const out = clean("--max-age", "7d");
  for (const key of ["one", "two", "three"])
    expect(out).toMatch(new RegExp(`Removed .*\\b${key}\\b.* \\(age\\)`));
  expect(cache.keys()).toEqual([]);
});

test("--dry-run says the same and changes nothing", () => {
  storeEntry("a", 9);
  storeEntry("b", 1);
  makeTree(scratch.path("other"), dir({ x: file("x") }));
  cache.store("b", "other");
  const before = snapshotTree(cache.path);
  const dry = clean("--max-age", "7d", "--dry-run");
  expect(differences(before, snapshotTree(cache.path))).toEqual([]);
  expect(dry).toContain("Would remove a (age)");
  expect(dry).toContain("Would keep 1 entry");
  const wet = clean("--max-age", "7d");
  expect(wet).toBe(dry.replaceAll("Would remove", "Removed").replaceAll("Would keep", "Kept"));
});

test("a cache that is fresh and empty", () => {
  scratch.directory("cache");
  expect(clean("--max-age", "7d", "--max-size", "1G")).toBe("Kept 0 entries, 0 B\n");
  expect(readdirSync(cache.path)).toEqual([]);
});

test("foreign files are neither counted nor removed, wherever they are", () => {
  storeEntry("a", 9);
  const foreign = [
    "mine",
    "workspace/node_modules/x",
    "btdt-v1/README",
    "btdt-v1/keys.bak/a",
    "btdt-v1/objects/mine",
    "btdt-v1/objects/ab/mine",
    "btdt-v1/manifests/ab/mine",
    "btdt-v1/manifests/zz/mine",
  ];
  for (const name of foreign) {
    must(["mkdir", "-p", `${cache.path}/${name.slice(0, Math.max(0, name.lastIndexOf("/")))}`]);
    writeFileSync(`${cache.path}/${name}`, Buffer.alloc(5 * MiB, "x"));
  }
  mkdirSync(`${cache.path}/lost+found`, { mode: 0 });
  expect(clean("--max-size", "2MiB")).toMatch(/^Kept 1 entry, 1\.0 MiB\n$/);
  expect(clean("--max-size", "0")).toContain("Kept 0 entries, 0 B");
  for (const name of foreign)
    expect(must(["stat", "-c", "%s", `${cache.path}/${name}`]).trim()).toBe(String(5 * MiB));
  expect(readdirSync(cache.path)).toContain("lost+found");
});

testWith(["mount"], "the space is really free when it returns", () => {
  const path = mountTmpfs(scratch, "small", "16m");
  makeTree(scratch.path("tree"), dir({ a: file(Buffer.alloc(10 * MiB, "a")) }));
  expect(
    btdt(["store", "-c", path, "-k", "key", "--storage", "objects", scratch.path("tree")]).exitCode,
  ).toBe(0);
  const available = (): number => Number(must(["df", "--output=avail", "-k", path]).split("\n")[1]);
  const before = available();
  const { stdout } = btdt(["clean", "-c", path, "--max-size", "1M"]);
  expect(stdout).toMatch(/^Removed key \(size\): .* frees 10 MiB\n/);
  expect(available() - before).toBeGreaterThanOrEqual(10 * 1024);
});
