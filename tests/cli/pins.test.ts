import { expect, test } from "bun:test";
import { chmodSync, existsSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { keyFileName } from "../../src/key/key-file-name.ts";
import { TestCache } from "../support/cache.ts";
import { btdt } from "../support/executable.ts";
import { AS_NOBODY, testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

function storeEntry(keys: string, ageDays: number, ...options: string[]): void {
  makeTree(scratch.path("tree"), dir({ own: file(Buffer.alloc(100_000, keys)) }));
  cache.store(keys, "tree", ...options);
  rmSync(scratch.path("tree"), { recursive: true });
  const seconds = Date.now() / 1000 - ageDays * 24 * 60 * 60;
  for (const key of keys.split(",")) utimesSync(cache.below("keys", keyFileName(key)), seconds, seconds);
}

const onCache = (command: string, ...words: string[]) => btdt([command, "-c", cache.path, ...words]);

test("a pinned key survives every limit, and a store of another key with --max-size", () => {
  storeEntry("release", 900, "--pin");
  storeEntry("other", 5);
  const out = cache.clean("--max-age", "1d", "--max-size", "0", "--max-entries", "0").stdout;
  expect(out).toMatch(/^Removed other \(age\): .*\nKept 1 entry, /);
  storeEntry("next", 0, "--max-size", "1kB");
  expect(cache.keys()).toEqual(["next", "release"]);
  expect(cache.restore("release", "to").exitCode).toBe(0);
  expect(onCache("list").stdout).toContain("\nrelease (pinned) ");
  const { entries } = JSON.parse(onCache("list", "--json").stdout) as { entries: unknown[] };
  expect(entries).toContainEqual(expect.objectContaining({ key: "release", isPinned: true }));
  expect(entries).toContainEqual(expect.objectContaining({ key: "next", isPinned: false }));
});

test("pin and unpin take effect on the next clean, and name what they do not find", () => {
  storeEntry("a", 5);
  storeEntry("Upper/case", 5);
  expect(onCache("pin", "a", "Upper/case", "none")).toEqual({
    exitCode: 4,
    stdout: "Pinned key a\nPinned key Upper/case\n",
    stderr: "Keys not found in cache.\nbtdt: not found: none\n",
  });
  expect(onCache("pin", "a")).toEqual({ exitCode: 0, stdout: "Pinned key a\n", stderr: "" });
  expect(readdirSync(cache.below("pins"))).toEqual(readdirSync(cache.below("keys")));
  cache.clean("--max-age", "1d");
  expect(cache.keys()).toHaveLength(2);
  expect(onCache("unpin", "a", "b")).toEqual({
    exitCode: 4,
    stdout: "Unpinned key a\n",
    stderr: "btdt: not pinned: b\n",
  });
  expect(cache.clean("--max-age", "1d").stdout).toContain("Removed a (age)");
  expect(cache.keys()).toHaveLength(1);
});

test("one pinned key keeps all keys of its entry", () => {
  storeEntry("one,two", 5);
  onCache("pin", "two");
  expect(cache.clean("--max-age", "1d").stdout).toStartWith("Kept 1 entry");
  expect(cache.keys()).toEqual(["one", "two"]);
});

test("a pin stays when the key is stored again or was evicted for damage, and goes when it is deleted", () => {
  storeEntry("a", 5, "--pin");
  storeEntry("a", 5);
  expect(cache.clean("--max-age", "1d").stdout).toStartWith("Removed 2 unneeded files");
  for (const object of cache.objects()) rmSync(cache.below("objects", object));
  expect(cache.clean().stdout).toStartWith("Removed a (damage)");
  storeEntry("a", 5);
  expect(cache.clean("--max-age", "1d").stdout).toStartWith("Kept 1 entry");
  expect(onCache("delete", "a").exitCode).toBe(0);
  expect(readdirSync(cache.below("pins"))).toEqual([]);
  storeEntry("a", 5);
  expect(cache.clean("--max-age", "1d").stdout).toStartWith("Removed a (age)");
});

test("delete leaves out pinned keys unless they are named", () => {
  storeEntry("a", 5, "--pin");
  storeEntry("b", 5);
  const all = onCache("delete", "--all");
  expect(all).toMatchObject({ exitCode: 0, stderr: "btdt: pinned, not deleted: a\n" });
  expect(cache.keys()).toEqual(["a"]);
  expect(onCache("delete", "--prefix", "a")).toMatchObject({ exitCode: 0 });
  expect(cache.keys()).toEqual(["a"]);
  expect(onCache("delete", "a").exitCode).toBe(0);
});

test("nothing is pinned in a cache without keys, which stays empty", () => {
  scratch.directory("cache");
  expect(onCache("pin", "a").exitCode).toBe(4);
  expect(onCache("unpin", "a").exitCode).toBe(4);
  expect(readdirSync(cache.path)).toEqual([]);
});

test("a planted link leads pins nowhere", () => {
  storeEntry("a", 5);
  const outside = scratch.directory("outside");
  symlinkSync(outside, cache.below("pins"));
  for (const words of [["pin", "a"], ["unpin", "a"], ["clean"]])
    expect(onCache(words[0] ?? "", ...words.slice(1)).exitCode).toBe(1);
  rmSync(cache.below("pins"));
  onCache("pin", "a");
  rmSync(cache.below("pins", "a"));
  const victim = scratch.path("outside", "victim");
  writeFileSync(victim, "mine", { mode: 0o600 });
  symlinkSync(victim, cache.below("pins", "a"));
  expect(onCache("pin", "a").exitCode).toBe(0);
  expect(cache.clean("--max-age", "1d").stdout).toStartWith("Kept 1 entry");
  expect(onCache("unpin", "a").exitCode).toBe(0);
  expect(existsSync(victim)).toBe(true);
});

testWith(["root"], "while pins cannot be read, no entry is evicted for a limit", () => {
  storeEntry("a", 5);
  storeEntry("b", 5, "--pin");
  chmodSync(scratch.path(), 0o755);
  chmodSync(cache.below("pins"), 0o700);
  const words = ["clean", "-c", cache.path, "--max-age", "1d", "--dry-run"];
  const { exitCode, stdout, stderr } = btdt(words, { through: AS_NOBODY });
  expect({ exitCode, stdout }).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining("Would keep 2 entries"),
  });
  expect(stderr).toContain("warning: cannot read the pins: permission denied");
});
