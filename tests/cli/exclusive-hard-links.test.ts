import { expect, test } from "bun:test";
import { appendFileSync, linkSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TestCache } from "../support/cache.ts";
import { differences, type Snapshot, snapshotTree } from "../support/compare-trees.ts";
import { btdt } from "../support/executable.ts";
import { listHardLinks } from "../support/inodes.ts";
import { mountTmpfs } from "../support/mounts.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { injecting, stoppedAt } from "../support/trace.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

/** Like what cargo makes: one large file with three names. */
const NAMES = ["deps/lib-1.rlib", "lib.rlib", "z/lib"] as const;
const CONTENT = "library ".repeat(20_000);

/** Stores it as `key`; afterwards, no tree has its inode. */
function storeLibrary(...options: string[]): Snapshot {
  const tree = dir({ deps: dir({ "lib-1.rlib": file(CONTENT, { mtime: "@5.000000007" }) }), z: dir() });
  makeTree(scratch.path("tree"), tree);
  for (const name of NAMES.slice(1)) linkSync(scratch.path("tree", NAMES[0]), scratch.path("tree", name));
  const before = snapshotTree(scratch.path("tree"));
  cache.store("key", "tree", ...options);
  rmSync(scratch.path("tree"), { recursive: true });
  return before;
}

/** How many names the inode has besides those in the tree, which must be the right tree. */
function othersOf(name: string, expected: Snapshot): number {
  expect(differences(expected, snapshotTree(scratch.path(name)))).toEqual([]);
  const [group] = listHardLinks(scratch.path(name));
  expect(group?.names).toEqual([...NAMES]);
  return (group?.linkCount ?? 0) - NAMES.length;
}

test("the only tree is linked with the cache, a second one is a copy", () => {
  const expected = storeLibrary();
  expect(cache.restore("key", "one").stderr).toContain(": 3 linked in ");
  expect(othersOf("one", expected)).toBe(1);
  expect(cache.restore("key", "two").stderr).toContain("2 linked, 1 copied");
  expect(othersOf("two", expected)).toBe(0);
  expect(othersOf("one", expected)).toBe(1);
  for (const name of ["one", "two"]) expect(cache.restore("key", name).stderr).toContain("3 unchanged");
  const manifests = cache.manifests();
  for (const name of ["one", "two"]) cache.store(name, name);
  expect(cache.manifests()).toEqual(manifests);
  expect(cache.objects()).toHaveLength(1);
  rmSync(scratch.path("one"), { recursive: true });
  expect(cache.restore("key", "three").stderr).toContain(": 3 linked in ");
});

test("what was stored is linked with the cache, unless it has a name elsewhere", () => {
  const expected = storeLibrary();
  cache.restore("key", "one", "--link", "copy");
  rmSync(scratch.path("cache"), { recursive: true });
  expect(cache.store("key", "one").stderr).toContain("1 linked, 2 reused");
  expect(othersOf("one", expected)).toBe(1);
  // Two trees cannot have the object: not even the one that was stored lends it.
  expect(cache.restore("key", "two").stderr).toContain("2 linked, 1 copied");
  rmSync(scratch.path("cache"), { recursive: true });
  linkSync(scratch.path("two", "lib.rlib"), scratch.path("outside"));
  expect(cache.store("key", "two").stderr).toContain("1 copied, 2 reused");
  expect(othersOf("two", expected)).toBe(1);
  writeFileSync(scratch.path("outside"), "edited");
  expect(cache.restore("key", "three").exitCode).toBe(0);
  expect(othersOf("three", expected)).toBe(1);
});

test("if one of the names is copied, all are", () => {
  const expected = storeLibrary("--share", "/z/");
  expect(cache.restore("key", "one").stderr).toContain("2 linked, 1 copied");
  expect(othersOf("one", expected)).toBe(0);
});

test.each([["copy"], ["hard"]])("with --link %s, the tree keeps its inode to itself", (mode) => {
  const expected = storeLibrary();
  expect(cache.restore("key", "one", "--link", mode).stderr).toContain("2 linked, 1 copied");
  expect(othersOf("one", expected)).toBe(0);
  // What is linked is replaced as a whole.
  rmSync(scratch.path("one"), { recursive: true });
  cache.restore("key", "two");
  expect(othersOf("two", expected)).toBe(1);
  expect(cache.restore("key", "two", "--link", mode).stderr).toContain("2 linked, 1 copied");
  expect(othersOf("two", expected)).toBe(0);
});

test("an edit in place is found, and other trees do not have it", () => {
  const expected = storeLibrary();
  cache.restore("key", "one");
  cache.restore("key", "two");
  appendFileSync(scratch.path("one", "z/lib"), "edited");
  expect(othersOf("two", expected)).toBe(0);
  const missed = cache.restore("key", "three");
  expect(missed.exitCode).toBe(4);
  expect(missed.stderr).toContain("lib.rlib was changed through a hard link");
  // From now on, all of its names are copied.
  cache.store("key", "two");
  expect(cache.restore("key", "three").stderr).toContain("2 linked, 1 copied");
  expect(othersOf("three", expected)).toBe(0);
  expect(cache.restore("key", "one").exitCode).toBe(0);
  expect(othersOf("one", expected)).toBe(0);
});

test("with some of its names deleted, or in other trees, it is replaced as a whole, and linked by nobody else", () => {
  const expected = storeLibrary();
  cache.restore("key", "one");
  for (const name of NAMES.slice(0, 2)) rmSync(scratch.path("one", name));
  cache.restore("key", "two");
  expect(othersOf("two", expected)).toBe(0);
  expect(cache.restore("key", "one").exitCode).toBe(0);
  expect(othersOf("one", expected)).toBe(0);
  cache.restore("key", "three");
  expect(othersOf("three", expected)).toBe(1);
  mkdirSync(scratch.path("elsewhere"));
  linkSync(scratch.path("three", "lib.rlib"), scratch.path("elsewhere", "lib.rlib"));
  expect(cache.restore("key", "three").exitCode).toBe(0);
  expect(othersOf("three", expected)).toBe(0);
  expect(lstatSync(scratch.path("elsewhere", "lib.rlib")).nlink).toBe(2);
});

testWith(["strace"], "of two restores at once, never do both keep the link", async () => {
  const expected = storeLibrary();
  // After its link to the object, before it looks at the number of names; and between the links of the tree.
  for (const when of [1, 2, 3]) {
    const words = cache.restoreWords("key", "one");
    const finished = await stoppedAt({ calls: "link,linkat", when }, words, scratch.path("trace"), () => {
      expect(cache.restore("key", "two").exitCode).toBe(0);
    });
    expect(finished.exitCode).toBe(0);
    expect(othersOf("one", expected) + othersOf("two", expected)).toBeLessThanOrEqual(1);
    for (const name of ["one", "two"]) rmSync(scratch.path(name), { recursive: true });
    rmSync(scratch.path("trace"));
  }
});

testWith(["strace"], "a store while another process restores the tree that it reads", async () => {
  const expected = storeLibrary();
  cache.restore("key", "one", "--link", "copy");
  rmSync(scratch.path("cache"), { recursive: true });
  for (const when of [1, 2, 3]) {
    const words = cache.storeWords("key", "one");
    const finished = await stoppedAt({ calls: "link,linkat", when }, words, scratch.path("trace"), () => {
      cache.restore("key", "two");
      cache.store("key", "one");
      cache.restore("key", "three");
    });
    expect(finished.exitCode).toBe(0);
    expect(cache.restore("key", "four").exitCode).toBe(0);
    const others = ["one", "three", "four"].map((name) => othersOf(name, expected));
    expect(others.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(1);
    for (const name of ["two", "three", "four"]) rmSync(scratch.path(name), { recursive: true, force: true });
    rmSync(scratch.path("trace"));
  }
});

testWith(["strace"], "killed between its links, a restore leaves nothing that a tree is linked with", () => {
  const expected = storeLibrary();
  for (const when of [1, 2, 3]) {
    scratch.directory("far");
    const killing = injecting({ calls: "link,linkat", what: `signal=KILL:when=${when}` });
    expect(btdt(cache.restoreWords("key", "far/one"), { through: killing }).exitCode).toBe(137);
    expect(cache.restore("key", "two").exitCode).toBe(0);
    // It was killed before its first link, or left the object linked to what it had built.
    expect(othersOf("two", expected)).toBe(when === 1 ? 1 : 0);
    expect(cache.restore("key", "far/one").exitCode).toBe(0);
    expect(othersOf("far/one", expected)).toBeLessThanOrEqual(1);
    for (const name of ["far", "two"]) rmSync(scratch.path(name), { recursive: true });
  }
  expect(cache.restore("key", "three").stderr).toContain(": 3 linked in ");
});

testWith(["mount"], "names on another file system below the destination are files of their own", () => {
  storeLibrary();
  mkdirSync(scratch.path("one"));
  const mount = mountTmpfs(scratch, "one/z");
  expect(cache.restore("key", "one").exitCode).toBe(0);
  expect(readFileSync(join(mount, "lib"), "utf8")).toBe(CONTENT);
  // The two names on the destination's file system, and the object.
  expect(lstatSync(scratch.path("one", "lib.rlib")).nlink).toBe(3);
  expect(cache.restore("key", "one").stderr).toContain("3 unchanged");
  // A name that is not the object's does not pass for it.
  rmSync(cache.below("objects"), { recursive: true });
  mkdirSync(cache.below("objects"));
  linkSync(scratch.path("one", "lib.rlib"), scratch.path("elsewhere"));
  expect(cache.restore("key", "one").exitCode).toBe(4);
});

test("from packs, and after the object has been lost", () => {
  const expected = storeLibrary("--storage", "packs");
  expect(cache.restore("key", "one").exitCode).toBe(0);
  expect(othersOf("one", expected)).toBe(0);
  cache.store("objects", "one", "--storage", "objects");
  expect(othersOf("one", expected)).toBe(1);
  appendFileSync(scratch.path("one", "z/lib"), "edited");
  // The pack has what the edit took.
  expect(cache.restore("objects", "two").exitCode).toBe(0);
  expect(othersOf("two", expected)).toBe(0);
});
