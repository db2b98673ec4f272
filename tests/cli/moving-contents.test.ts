import { expect } from "bun:test";
import { readdirSync, rmSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { must } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { stoppedAt } from "../support/trace.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch, "--link", "hard");

const LARGE = Buffer.alloc(9_500_000, "large");
const FIRST = file("in an object at first", { mtime: "@1000" });

/** `key` needs an object and a pack; returns the path of the latter. */
function storeMixed(): string {
  makeTree(scratch.path("first"), dir({ first: FIRST }, { mtime: "@1000" }));
  cache.store("first", "first", "--storage", "objects");
  const others = { second: file("in a pack at first"), large: file(LARGE), empty: file("") };
  makeTree(scratch.path("tree"), dir({ ...others, first: FIRST }));
  cache.store("key", "tree", "--storage", "packs");
  const [pack = ""] = readdirSync(cache.below("packs"));
  return cache.below("packs", pack);
}

/** Stores again what one part of the cache has, elsewhere, and empties that part, as cleans and restores do. */
function move(emptied: "packs" | "objects", storage: "packs" | "objects"): void {
  must(["mv", cache.below(emptied), scratch.path("emptied")]);
  must(["mkdir", cache.below(emptied)]);
  cache.store("other", "tree", "--storage", storage);
}

const LSTAT = "?lstat,?newfstatat,?fstatat64,?statx";
const moves = [
  { emptied: "packs", storage: "packs", what: "from a pack to another" },
  { emptied: "packs", storage: "objects", what: "from a pack to objects" },
  { emptied: "objects", storage: "packs", what: "from an object to a pack" },
] as const;
for (const { emptied, storage, what } of moves) {
  testWith(["linux", "strace"], `contents that move ${what} while packs are listed are no miss`, async () => {
    const path = storeMixed();
    const trace = scratch.path("trace");
    const restored = await stoppedAt({ calls: LSTAT, path }, cache.restoreWords("key", "to"), trace, () =>
      move(emptied, storage),
    );
    expect(restored).toMatchObject({ exitCode: 0 });
    expect(restored.stderr).toStartWith("btdt: restored 4 files");
    expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
  });
}

testWith(["linux", "strace"], "a lookup while contents move to another pack is a hit", async () => {
  const path = storeMixed();
  const words = ["lookup", "-c", cache.path, "-k", "key"];
  const found = await stoppedAt({ calls: LSTAT, path }, words, scratch.path("trace"), () =>
    move("packs", "packs"),
  );
  expect(found.exitCode).toBe(0);
  expect(found.stderr).not.toContain("warning");
});

testWith(["linux", "strace"], "an export while contents move to another pack is complete", async () => {
  const path = storeMixed();
  const words = ["export", "-c", cache.path, "-k", "key"];
  const exported = await stoppedAt({ calls: LSTAT, path }, words, scratch.path("trace"), () =>
    move("packs", "packs"),
  );
  expect(exported.exitCode).toBe(0);
  expect(exported.stderr).toStartWith("btdt: exported 4 files");
});

testWith(
  ["linux", "strace"],
  "contents that become objects before their pack is opened are no miss",
  async () => {
    const path = `${storeMixed()}/pack`;
    const trace = scratch.path("trace");
    // Its directory is examined with its index; the pack itself is opened when the plan is made.
    const restored = await stoppedAt({ calls: LSTAT, path }, cache.restoreWords("key", "to"), trace, () =>
      move("packs", "objects"),
    );
    expect(restored).toMatchObject({ exitCode: 0 });
    expect(restored.stderr).toStartWith("btdt: restored 4 files");
    expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
  },
);

testWith(["linux", "strace"], "contents that are removed while packs are listed are a miss", async () => {
  const path = storeMixed();
  const trace = scratch.path("trace");
  const restored = await stoppedAt({ calls: LSTAT, path }, cache.restoreWords("key", "to"), trace, () =>
    rmSync(path, { recursive: true }),
  );
  expect(restored.exitCode).toBe(4);
  expect(restored.stderr).toContain("the contents of large and one other file are missing");
  expect(readdirSync(scratch.path())).not.toContain("to");
});
