/** SIGTERM is heard in the middle of work that one thread does in one piece: one directory, one block, one entry. */
import { expect } from "bun:test";
import { existsSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { stoppedEarly } from "../support/stopped-early.ts";
import { dir, file, makeTree, symlink, type TreeNode } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

const COUNT = 200;

/** So few files that no thread is started for them. */
function makeMany(name: string, node: (index: number) => TreeNode): void {
  const nodes = Array.from({ length: COUNT }, (_, index): [string, TreeNode] => [`f${index}`, node(index)]);
  makeTree(scratch.path(name), dir(Object.fromEntries(nodes)));
}

async function expectStop(words: readonly string[], calls: string): Promise<void> {
  const stopped = await stoppedEarly(
    words,
    calls,
    scratch.path("trace"),
    /[/"]f\d+"|(?:\/objects\/|")\w\w\//m,
  );
  const what = words.slice(0, 1).concat(calls);
  expect([what, stopped.exitCode, stopped.stdout]).toEqual([what, 143, ""]);
  expect([what, stopped.callCount < COUNT / 2]).toEqual([what, true]);
}

testWith(["strace"], "SIGTERM ends a store within one directory, and no key appears", async () => {
  makeMany("tree", (index) => file(`${index}`));
  makeMany("links", () => symlink("target"));
  await expectStop(cache.storeWords("walk", "links"), "readlink,readlinkat");
  await expectStop(cache.storeWords("link", "tree", "--link", "hard"), "linkat");
  expect(cache.keys()).toEqual([]);
});

testWith(
  ["strace"],
  "SIGTERM ends a restore within one directory or block, and nothing is restored",
  async () => {
    makeMany("tree", (index) => file(`${index}`));
    makeMany("links", () => symlink("target"));
    cache.store("files", "tree", "--link", "hard");
    cache.store("links", "links");
    const packs = new TestCache(scratch, "--storage", "packs");
    packs.store("packed", "tree");
    await expectStop(cache.restoreWords("files", "to", "--link", "hard"), "linkat");
    await expectStop(cache.restoreWords("links", "to"), "symlink,symlinkat");
    await expectStop(cache.restoreWords("packed", "to"), "openat");
    expect(existsSync(scratch.path("to"))).toBe(false);
    expect(cache.restore("files", "to", "--link", "hard").exitCode).toBe(0);
    await expectStop(cache.restoreWords("files", "to", "--link", "hard"), "statx");
    expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
  },
);
