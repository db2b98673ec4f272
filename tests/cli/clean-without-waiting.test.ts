import { expect } from "bun:test";
import { chmodSync, readFileSync, statSync, utimesSync } from "node:fs";
import { dirname } from "node:path";
import { TestCache } from "../support/cache.ts";
import { compareTrees, differences, snapshotTree } from "../support/compare-trees.ts";
import { btdt, type Finished } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { stoppedAt } from "../support/trace.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);
const LONG_AGO_SECONDS = 1_600_000_000;

/** Stores a tree of two files under a key that was last used long ago. */
function storeOld(key: string): void {
  makeTree(scratch.path(key), dir({ own: file(`own of ${key}`), sub: dir({ same: file("same") }) }));
  cache.store(key, key, "--link", "hard");
  utimesSync(cache.below("keys", key), LONG_AGO_SECONDS, LONG_AGO_SECONDS);
}

/** Runs a clean that is stopped while it lists the objects in one directory. */
async function cleanBeside(words: readonly string[], meanwhile: () => void): Promise<Finished> {
  const [object = ""] = cache.objects();
  const path = cache.below("objects", dirname(object));
  const trace = scratch.path("trace");
  return await stoppedAt(
    { calls: "getdents64", path },
    ["clean", "-c", cache.path, ...words],
    trace,
    meanwhile,
  );
}

/** If it waited for the clean, which is stopped, it would wait forever. */
function mustNotWait(words: readonly string[]): void {
  expect(btdt(words, { through: ["timeout", "120"] })).toMatchObject({ exitCode: 0 });
}

function expectWhole(key: string, source = key): void {
  expect(cache.restore(key, `to-${key}`)).toMatchObject({ exitCode: 0 });
  expect(compareTrees(scratch.path(source), scratch.path(`to-${key}`))).toEqual([]);
}

testWith(
  ["strace"],
  "a store does not wait while a clean lists objects, and keeps those it reuses",
  async () => {
    storeOld("first");
    storeOld("other");
    btdt(["delete", "-c", cache.path, "first"]);
    const cleaned = await cleanBeside([], () => {
      mustNotWait(cache.storeWords("second", "first", "--link", "hard"));
      mustNotWait(cache.storeWords("other", "first", "--link", "hard"));
    });
    expect(cleaned).toMatchObject({ exitCode: 0, stderr: "" });
    // What was replaced in the meantime is garbage already: two objects, and their manifest.
    expect(cleaned.stdout).toMatch(/^Removed 3 unneeded files: .*\nKept 1 entry, /);
    expect(cache.objects()).toHaveLength(2);
    for (const key of ["second", "other"]) expectWhole(key, "first");
    expect(cache.clean().stdout).toBe(cleaned.stdout.replace(/^Removed.*\n/, ""));
  },
);

testWith(
  ["strace"],
  "an entry that is used or pinned while a clean lists objects is not evicted for its age",
  async () => {
    for (const key of ["used", "pinned", "neither"]) storeOld(key);
    const cleaned = await cleanBeside(["--max-age", "1d"], () => {
      mustNotWait(cache.restoreWords("used", "to"));
      mustNotWait(["pin", "-c", cache.path, "pinned"]);
    });
    expect(cleaned.stdout).toMatch(/^Removed neither \(age\): .*\nKept 2 entries, /);
    expect(cache.keys()).toEqual(["pinned", "used"]);
    for (const key of cache.keys()) expectWhole(key);
  },
);

testWith(["strace"], "an entry that is stored as packs while a clean lists objects stays", async () => {
  storeOld("old");
  makeTree(scratch.path("new"), dir({ f: file("packed") }));
  await cleanBeside(["--max-age", "1d"], () => {
    mustNotWait(cache.storeWords("new", "new", "--storage", "packs"));
  });
  expect(cache.keys()).toEqual(["new"]);
  expect(cache.objects()).toEqual([]);
  expectWhole("new");
});

testWith(
  ["strace"],
  "the size that a clean notes includes what was stored while it listed objects",
  async () => {
    storeOld("old");
    const sizeOf = () => Number(/^\d+ (\d+)$/m.exec(readFileSync(cache.below("size"), "utf8"))?.[1]);
    cache.store("old", "old", "--link", "hard", "--max-size", "1GiB");
    await cleanBeside([], () => mustNotWait(cache.storeWords("new", "old", "--link", "hard")));
    const noted = sizeOf();
    cache.clean();
    expect(sizeOf()).toBe(noted);
    expect(noted).toBeGreaterThan(statSync(cache.below("keys", "new")).size);
  },
);

testWith(
  ["strace"],
  "with an altered object, a clean takes stock again under the lock, and keeps what was mended",
  async () => {
    storeOld("old");
    const before = snapshotTree(scratch.path("old"));
    const [altered = ""] = cache.objects();
    chmodSync(cache.below("objects", altered), 0o600);
    const cleaned = await cleanBeside([], () => {
      mustNotWait(cache.restoreWords("old", "to"));
      mustNotWait(cache.storeWords("new", "to", "--link", "hard"));
    });
    expect(cleaned.stdout).toMatch(/^Kept 1 entry, /);
    for (const key of ["old", "new"]) {
      expect(cache.restore(key, `to-${key}`)).toMatchObject({ exitCode: 0 });
      expect(differences(before, snapshotTree(scratch.path(`to-${key}`)))).toEqual([]);
    }
  },
);
