import { expect } from "bun:test";
import { existsSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { stoppedEarly } from "../support/stopped-early.ts";
import { dir, file, makeTree, type TreeNode } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

/** So few files that one thread does all of them, in one job. */
const DIRECTORIES = 60;
const FILES = 5;

function makeSource(): void {
  const files = Array.from({ length: FILES }, (_, index): [string, TreeNode] => [
    `f${index}`,
    file(`${index}`),
  ]);
  const directories = Array.from({ length: DIRECTORIES }, (_, index): [string, TreeNode] => [
    `d${index}`,
    dir({ ...Object.fromEntries(files), own: file(`own ${index}`) }),
  ]);
  makeTree(scratch.path("tree"), dir(Object.fromEntries(directories)));
}

/** The files, or keys with names like theirs. */
const FILE = /^\d+ +(?:linkat|openat|unlink|unlinkat)\(.*[/"](?:f\d|own)"?/;

function stopEarly(words: readonly string[], calls: string) {
  return stoppedEarly(words, calls, scratch.path("trace"), FILE);
}

const ALL = DIRECTORIES * (FILES + 1);

testWith(
  ["strace"],
  "SIGTERM ends a restore, a store, a hash and hashFiles on a slow file system in the middle",
  async () => {
    makeSource();
    cache.store("key", "tree", "--link", "hard");
    for (const [words, calls] of [
      [cache.restoreWords("key", "to", "--link", "hard"), "linkat"],
      [cache.storeWords("other", "tree", "--link", "hard"), "openat"],
      [["hash", scratch.path("tree")], "openat"],
      [["key", `{{ hashFiles("${scratch.path("tree")}/**") }}`], "openat"],
    ] as const) {
      const stopped = await stopEarly(words, calls);
      expect([words[0], stopped.exitCode, stopped.stdout]).toEqual([words[0], 143, ""]);
      expect([words[0], stopped.callCount < ALL / 2]).toEqual([words[0], true]);
    }
    expect(existsSync(scratch.path("to"))).toBe(false);
    expect(cache.restore("key", "to").exitCode).toBe(0);
    expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
  },
);

testWith(
  ["strace"],
  "SIGTERM ends a list, a clean, a delete and a search for a fallback in the middle of many keys",
  async () => {
    makeTree(scratch.path("tree"), dir({ f: file("content") }));
    const keys = Array.from({ length: 100 }, (_, index) => `f${index}`);
    cache.store(keys.join(","), "tree");
    for (const [words, calls] of [
      [["list", "-c", cache.path], "openat"],
      [["clean", "-c", cache.path], "openat"],
      [["clean", "-c", cache.path, "--max-size", "0"], "unlink,unlinkat"],
      [cache.restoreWords("none", "to", "--fallback-prefix", "f"), "openat"],
      [["delete", "-c", cache.path, ...keys], "unlink,unlinkat"],
    ] as const) {
      const stopped = await stopEarly(words, calls);
      expect([words[0], stopped.exitCode, stopped.stdout]).toEqual([words[0], 143, ""]);
      expect([words[0], stopped.callCount < keys.length / 2]).toEqual([words[0], true]);
    }
    expect(cache.keys().length).toBeGreaterThan(keys.length / 2);
  },
);
