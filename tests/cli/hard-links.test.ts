import { expect, test } from "bun:test";
import { chmodSync, linkSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeManifest } from "../../src/manifest/codec.ts";
import { Archives } from "../support/archives.ts";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { btdt, must } from "../support/executable.ts";
import { allocatedBytesIn, listHardLinks } from "../support/inodes.ts";
import { linksOf } from "../support/listed-manifest.ts";
import { mountImage, mountTmpfs } from "../support/mounts.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree, symlink } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);
const archives = new Archives(scratch, cache);

const LARGE_BYTES = 5 * 1024 * 1024;
const LARGE_NAMES = ["0", "a/1", "a/b/2", "b/3", "b/4", "z"];
const SMALL_NAMES = ["a/small", "b/c/small"];
const EMPTY_NAMES = ["a/empty", "empty"];
/** By their first names. */
const GROUPS = [LARGE_NAMES, EMPTY_NAMES, SMALL_NAMES];

/** One file of 5 MB with six names, one small file and one empty file with two names each, and files with one. */
function makeLinkedTree(path = scratch.path("tree")): void {
  const large = Buffer.alloc(LARGE_BYTES, "large content ");
  makeTree(
    path,
    dir({
      "0": file(large, { mtime: "@5.000000007", mode: 0o755 }),
      a: dir({
        b: dir(),
        small: file("small", { mtime: "@7" }),
        empty: file("", { mtime: "@9" }),
        link: symlink("small"),
      }),
      b: dir({ c: dir(), alone: file("small", { mtime: "@8" }) }),
      other: file(large, { mtime: "@6" }),
    }),
  );
  for (const [first, ...names] of GROUPS) {
    for (const name of names) linkSync(join(path, first ?? ""), join(path, name));
  }
}

function expectLinked(path: string, source = scratch.path("tree")): void {
  expect(compareTrees(source, path)).toEqual([]);
  const groups = listHardLinks(path);
  expect(groups.map(({ names }) => names)).toEqual(GROUPS);
  // Shared with nothing outside the tree, except an object that no other tree has.
  for (const { names, linkCount } of groups) {
    const others = linkCount - names.length;
    expect(others).toBe(others > 0 && names === groups[0]?.names ? countObjects(join(path, "0")) : 0);
    expect(others).toBeLessThanOrEqual(1);
  }
  // The one with six names, and the one with another time.
  expect(allocatedBytesIn(path)).toBeLessThan(2.1 * LARGE_BYTES);
}

function countObjects(path: string): number {
  const inode = lstatSync(path).ino;
  return cache.objects().filter((object) => lstatSync(cache.below("objects", object)).ino === inode).length;
}

for (const storage of ["objects", "packs"] as const) {
  for (const link of ["auto", "hard", "copy", "reflink"] as const) {
    test(`one file with six names comes back as one, from ${storage} with --link ${link}`, () => {
      makeLinkedTree();
      cache.store("key", "tree", "--storage", storage, "--link", link);
      expectLinked(scratch.path("tree"));
      const { exitCode, stderr } = cache.restore("key", "to", "--link", link);
      expect({ exitCode, stderr }).toEqual({
        exitCode: 0,
        stderr: expect.stringContaining("restored 12 files"),
      });
      expectLinked(scratch.path("to"));
    });
  }
}

test("the cache has the content once", () => {
  makeLinkedTree();
  cache.store("key", "tree");
  // Each content with each of its two times.
  expect(cache.objects()).toHaveLength(4);
});

test("a tree that was restored has the manifest that it was restored from", () => {
  makeLinkedTree();
  cache.store("key", "tree");
  const manifests = cache.manifests();
  for (const [index, link] of (["auto", "hard", "copy"] as const).entries()) {
    expect(cache.restore("key", `to${index}`, "--link", link).exitCode).toBe(0);
    cache.store(`again${index}`, `to${index}`);
    // Also from a tree that was stored before.
    cache.store(`more${index}`, `to${index}`);
  }
  expect(cache.manifests()).toEqual(manifests);
});

testWith(["mount"], "on another file system as well, to and from it", () => {
  const other = mountTmpfs(scratch, "other");
  makeLinkedTree();
  cache.store("key", "tree");
  expect(cache.restore("key", "other/to").exitCode).toBe(0);
  expectLinked(`${other}/to`);
  cache.store("packed", "other/to");
  expect(cache.restore("packed", "from").exitCode).toBe(0);
  expectLinked(scratch.path("from"));
});

test("in build state, a file that also has a name outside keeps its links, too", () => {
  makeLinkedTree();
  linkSync(scratch.path("tree", "z"), scratch.path("outside"));
  cache.store("key", "tree");
  expect(cache.restore("key", "to").exitCode).toBe(0);
  expectLinked(scratch.path("to"));
});

test("in package contents, only files with all their names in the tree have hard links", () => {
  makeLinkedTree();
  linkSync(scratch.path("tree", "z"), scratch.path("outside"));
  cache.store("key", "tree", "--share", "*");
  expect(cache.restore("key", "to", "--share", "*").exitCode).toBe(0);
  const groups = listHardLinks(scratch.path("to")).filter(
    ({ linkCount, names }) => linkCount === names.length,
  );
  expect(groups.map(({ names }) => names)).toEqual([EMPTY_NAMES, SMALL_NAMES]);
});

test("files that are only equal stay two, also where a restore links both to one object", () => {
  makeTree(scratch.path("tree"), dir({ a: file("x", { mtime: "@5" }), b: file("x", { mtime: "@5" }) }));
  cache.store("key", "tree");
  const manifests = cache.manifests();
  cache.restore("key", "to", "--link", "hard");
  cache.store("again", "to");
  expect(cache.manifests()).toEqual(manifests);
  const [manifest = ""] = manifests;
  expect(readFileSync(cache.below("manifests", manifest)).readUInt32LE(8)).toBe(1);
});

test("a name that is excluded is not restored, the others of its file are", () => {
  makeTree(scratch.path("tree"), dir({ a: file("x"), skip: file("y") }));
  linkSync(scratch.path("tree", "a"), scratch.path("tree", "b"));
  linkSync(scratch.path("tree", "a"), scratch.path("tree", "skip-too"));
  cache.store("key", "tree", "--exclude", "skip*");
  const [name = ""] = cache.manifests();
  expect(linksOf(decodeManifest(readFileSync(cache.below("manifests", name)), name))).toEqual([["b", "a"]]);
  expect(cache.restore("key", "to").exitCode).toBe(0);
  expect(listHardLinks(scratch.path("to"))).toEqual([{ names: ["a", "b"], linkCount: 2 }]);
});

test("an existing destination: whole groups are kept, others are replaced as a whole", () => {
  makeLinkedTree();
  cache.store("key", "tree");
  const to = scratch.path("to");
  const restore = (...options: string[]): string => {
    const { exitCode, stderr } = cache.restore("key", "to", ...options);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.any(String) });
    expectLinked(to);
    return stderr;
  };
  restore();
  expect(restore()).toContain(": 12 unchanged in ");
  // One name is gone, or is a file of its own now.
  rmSync(`${to}/b/3`);
  expect(restore()).toContain("1 copied, 6 unchanged");
  const content = readFileSync(`${to}/0`);
  rmSync(`${to}/0`);
  writeFileSync(`${to}/0`, content);
  expect(restore("--exact")).toContain("6 unchanged");
  // All are edited at once.
  writeFileSync(`${to}/a/b/2`, "edited");
  restore();
  // The inode has a further name outside the entry.
  linkSync(`${to}/0`, scratch.path("outside"));
  restore();
  expect(readFileSync(scratch.path("outside"))).toEqual(content);
  linkSync(`${to}/0`, `${to}/further`);
  restore("--exact");
  // A directory of the group is missing.
  rmSync(`${to}/b`, { recursive: true });
  restore();
});

test("a destination where the files are separate gets the links", () => {
  makeLinkedTree();
  cache.store("key", "tree");
  const to = scratch.path("to");
  Bun.spawnSync(["cp", "-r", "--preserve=mode,timestamps", scratch.path("tree"), to]);
  expect(listHardLinks(to)).toEqual([]);
  expect(cache.restore("key", "to").exitCode).toBe(0);
  expectLinked(to);
});

test("--verify, and restoring what was damaged from packs", () => {
  makeLinkedTree();
  cache.store("key", "tree", "--storage", "packs");
  expect(cache.restore("key", "to", "--verify").exitCode).toBe(0);
  expectLinked(scratch.path("to"));
  cache.store("key", "tree", "--storage", "objects");
  for (const object of cache.objects()) rmSync(cache.below("objects", object));
  expect(cache.restore("key", "more", "--verify").exitCode).toBe(0);
  expectLinked(scratch.path("more"));
});

test("a missing object is a miss, and leaves nothing", () => {
  makeLinkedTree();
  cache.store("key", "tree");
  for (const object of cache.objects()) rmSync(cache.below("objects", object));
  expect(cache.restore("key", "to").exitCode).toBe(4);
});

test("set-id files have their links, too", () => {
  makeTree(scratch.path("tree"), dir({ a: file("x", { mode: 0o755 }) }));
  chmodSync(scratch.path("tree", "a"), 0o4755);
  linkSync(scratch.path("tree", "a"), scratch.path("tree", "b"));
  cache.store("key", "tree");
  expect(cache.restore("key", "to").exitCode).toBe(0);
  expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
  expect(listHardLinks(scratch.path("to"))).toHaveLength(1);
});

test("editing a small file with several names in place does not reach the cache", () => {
  makeLinkedTree();
  cache.store("key", "tree");
  expect(cache.restore("key", "to").exitCode).toBe(0);
  writeFileSync(scratch.path("to", "a/small"), "EDITED");
  writeFileSync(scratch.path("tree", "a/small"), "EDITED");
  expect(cache.restore("key", "again").exitCode).toBe(0);
  expect(readFileSync(scratch.path("again", "b/c/small"), "utf8")).toBe("small");
  expect(listHardLinks(scratch.path("again"))).toHaveLength(GROUPS.length);
});

test("--ignore-mtime keeps the links", () => {
  makeLinkedTree();
  cache.store("key", "tree", "--ignore-mtime");
  expect(cache.restore("key", "to").exitCode).toBe(0);
  expect(compareTrees(scratch.path("tree"), scratch.path("to"), { withMtime: false })).toEqual([]);
  expect(listHardLinks(scratch.path("to"))).toHaveLength(GROUPS.length);
});

for (const format of ["tar", "tar.gz"]) {
  for (const storage of ["objects", "packs"]) {
    test(`a ${format} has hard links, there and back, from and to ${storage}`, () => {
      makeLinkedTree();
      cache.store("k", "tree", "--storage", storage);
      archives.export("archive", "--format", format);
      must(["tar", "xpf", scratch.path("archive"), "-C", scratch.directory("unpacked")]);
      expectLinked(scratch.path("unpacked"));
      const cached = cache.manifests();
      expect(archives.import("back", "archive", "--storage", storage).exitCode).toBe(0);
      expect(cache.manifests()).toEqual(cached);
      expect(cache.restore("back", "to").exitCode).toBe(0);
      expectLinked(scratch.path("to"));
    });
  }
}

test("GNU tar's hard links are imported", () => {
  makeLinkedTree();
  must(["tar", "cf", scratch.path("archive"), "--format=pax", "-C", scratch.path("tree"), "."]);
  expect(archives.import("key", "archive").exitCode).toBe(0);
  expect(cache.restore("key", "to").exitCode).toBe(0);
  expectLinked(scratch.path("to"));
});

test("in a zip file, each name is a file", () => {
  makeLinkedTree();
  cache.store("k", "tree");
  archives.export("archive", "--format", "zip");
  expect(archives.import("back", "archive").exitCode).toBe(0);
  expect(cache.restore("back", "to", "--link", "copy").exitCode).toBe(0);
  expect(compareTrees(scratch.path("tree"), scratch.path("to"), { withMtime: false })).toEqual([]);
  expect(listHardLinks(scratch.path("to"))).toEqual([]);
});

test("several trees in one archive, each with its own hard links", () => {
  for (const tree of ["one", "two"]) makeLinkedTree(scratch.path(tree));
  const words = ["-c", scratch.directory("cache"), "-k", "k"];
  expect(btdt(["store", ...words, "one", "two"], { cwd: scratch.path() }).exitCode).toBe(0);
  archives.export("archive");
  must(["tar", "xpf", scratch.path("archive"), "-C", scratch.directory("unpacked")]);
  for (const tree of ["one", "two"]) expectLinked(scratch.path("unpacked", tree), scratch.path(tree));
});

testWith(["mount", "mkfs.ext4"], "thousands of names, more than one job links", () => {
  const disk = mountImage(scratch, "disk", "ext4");
  mkdirSync(`${disk}/tree`);
  writeFileSync(`${disk}/tree/0000`, "x".repeat(100));
  for (let index = 1; index < 3000; index++) {
    linkSync(`${disk}/tree/0000`, `${disk}/tree/${String(index).padStart(4, "0")}`);
  }
  mkdirSync(`${disk}/cache`);
  const words = ["-c", `${disk}/cache`, "-k", "key"];
  expect(btdt(["store", ...words, `${disk}/tree`]).exitCode).toBe(0);
  expect(btdt(["restore", ...words, `${disk}/to`]).stderr).toContain("2,999 linked");
  expect(listHardLinks(`${disk}/to`)).toEqual([expect.objectContaining({ linkCount: 3000 })]);
});
