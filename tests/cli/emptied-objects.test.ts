import { expect, test } from "bun:test";
import { lstatSync, truncateSync, utimesSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { must } from "../support/executable.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

/** Empties the object of the only file, and says how the file is restored after the next store. */
function emptyObject(meanwhile: () => void, options: { readonly keepsTime: boolean }): string {
  makeTree(scratch.path("tree"), dir({ f: file("content".repeat(10_000)) }));
  must(["cp", "-a", scratch.path("tree"), scratch.path("safe")]);
  cache.store("key", "tree", "--storage", "objects", "--link", "hard");
  const [name = ""] = cache.objects();
  const object = cache.below("objects", name);
  const { mtime } = lstatSync(object);
  truncateSync(object);
  if (options.keepsTime) utimesSync(object, mtime, mtime);
  meanwhile();
  must(["rm", "-rf", scratch.path("tree")]);
  must(["cp", "-a", scratch.path("safe"), scratch.path("tree")]);
  cache.store("key", "tree", "--storage", "objects", "--link", "hard");
  const restored = cache.restore("key", "restored", "--link", "hard");
  expect(restored.exitCode).toBe(0);
  expect(compareTrees(scratch.path("safe"), scratch.path("restored"))).toEqual([]);
  return restored.stderr;
}

const notices = {
  "a restore": () => expect(cache.restore("key", "missed").exitCode).toBe(4),
  "a clean": () => expect(cache.clean().stdout).toContain("Removed key"),
} as const;

for (const [who, notice] of Object.entries(notices)) {
  test(`an object that was emptied was edited if it has a new time: ${who} remembers its path`, () => {
    expect(emptyObject(notice, { keepsTime: false })).toContain("1 copied");
  });

  test(`with its old time it lost data in a power cut: ${who} goes on linking it`, () => {
    expect(emptyObject(notice, { keepsTime: true })).toContain("1 linked");
  });
}
