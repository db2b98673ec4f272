import { expect, test } from "bun:test";
import { linkSync, lstatSync, readdirSync, rmSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { btdt, must, run } from "../support/executable.ts";
import { mountImage, mountTmpfs } from "../support/mounts.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { injecting } from "../support/trace.ts";
import { dir, file, makeTree, symlink } from "../support/tree.ts";

const scratch = Scratch.use();
// These trees share everything, so that what happens to links happens to them.
const cache = new TestCache(scratch, "--link", "hard");

const LINK = "link,linkat";

function storeTree(): void {
  const tree = dir({
    a: file("a", { mtime: "@5.5" }),
    sub: dir({ b: file("b"), c: file("c"), s: symlink("x") }),
  });
  makeTree(scratch.path("tree"), tree);
  cache.store("key", "tree");
}

function inode(...path: string[]): number {
  return lstatSync(scratch.path(...path)).ino;
}

test("--link hard links, --link copy copies, and says so", () => {
  storeTree();
  expect(cache.restore("key", "hard", "--link", "hard").stderr).toContain(": 3 linked in ");
  expect(cache.restore("key", "copy", "--link", "copy").stderr).toContain(": 3 copied in ");
  expect(inode("hard", "a")).toBe(inode("tree", "a"));
  expect(inode("copy", "a")).not.toBe(inode("tree", "a"));
  for (const to of ["hard", "copy"]) expect(compareTrees(scratch.path("tree"), scratch.path(to))).toEqual([]);
});

testWith(["mount"], "--link reflink never shares an inode, whatever the file system can do", () => {
  const tmpfs = mountTmpfs(scratch, "tmpfs");
  makeTree(`${tmpfs}/tree`, dir({ a: file("a") }));
  const options = ["-c", tmpfs, "-k", "key", "--link", "reflink"];
  expect(btdt(["store", ...options, `${tmpfs}/tree`]).stderr).toContain("1 copied");
  expect(btdt(["restore", ...options, `${tmpfs}/to`]).stderr).toContain("1 copied");
  expect(lstatSync(`${tmpfs}/to/a`).nlink).toBe(1);
  expect(compareTrees(`${tmpfs}/tree`, `${tmpfs}/to`)).toEqual([]);
});

testWith(["mount", "mkfs.xfs"], "where the file system has reflinks, they are the first choice", () => {
  const xfs = mountImage(scratch, "xfs", "xfs");
  makeTree(
    `${xfs}/tree`,
    dir({ a: file("x".repeat(100_000), { mtime: "@5.000000005" }), b: file("b", { mode: 0o755 }) }),
  );
  const words = ["-c", xfs, "-k", "key"];
  expect(btdt(["store", ...words, `${xfs}/tree`]).stderr).toContain("2 reflinked");
  expect(btdt(["restore", ...words, `${xfs}/to`]).stderr).toContain("2 reflinked");
  expect(compareTrees(`${xfs}/tree`, `${xfs}/to`)).toEqual([]);
  expect(lstatSync(`${xfs}/to/a`).nlink).toBe(1);
  // Editing one in place touches neither the cache nor the source.
  must(["sh", "-c", `echo edited >> ${xfs}/to/a`]);
  rmSync(`${xfs}/to`, { recursive: true });
  expect(btdt(["restore", ...words, `${xfs}/to`]).exitCode).toBe(0);
  expect(compareTrees(`${xfs}/tree`, `${xfs}/to`)).toEqual([]);
  expect(btdt(["restore", ...words, "--link", "hard", `${xfs}/hard`]).stderr).toContain("2 linked");
});

testWith(["mount"], "a destination on another file system gets copies", () => {
  storeTree();
  const other = mountTmpfs(scratch, "other");
  const { exitCode, stderr } = cache.restore("key", "other/to");
  expect(exitCode).toBe(0);
  expect(stderr).toContain(": 3 copied in ");
  expect(compareTrees(scratch.path("tree"), `${other}/to`)).toEqual([]);
  // Also into the mount point itself, which cannot be replaced.
  const root = mountTmpfs(scratch, "root");
  expect(cache.restore("key", "root").exitCode).toBe(0);
  expect(compareTrees(scratch.path("tree"), root)).toEqual([]);
});

testWith(["strace"], "each refusal of a link means copying that file", () => {
  storeTree();
  for (const error of ["EXDEV", "EPERM", "EACCES", "EOPNOTSUPP"]) {
    const to = scratch.path(error);
    const through = injecting({ calls: LINK, what: `error=${error}` });
    const { exitCode, stderr } = btdt(cache.restoreWords("key", error), { through });
    expect({ error, exitCode }).toEqual({ error, exitCode: 0 });
    expect(stderr).toContain(": 3 copied in ");
    expect(compareTrees(scratch.path("tree"), to)).toEqual([]);
    const source = scratch.path(`source-${error}`);
    makeTree(source, dir({ new: file(error), sub: dir() }));
    const stored = btdt(cache.storeWords(error, `source-${error}`, "--storage", "objects"), { through });
    expect(stored.exitCode).toBe(0);
    expect(stored.stderr).toContain("1 copied");
    expect(lstatSync(`${source}/new`).nlink).toBe(1);
    expect(cache.restore(error, `again-${error}`).exitCode).toBe(0);
    expect(compareTrees(source, scratch.path(`again-${error}`))).toEqual([]);
  }
});

testWith(["strace"], "an object without a link to spare is replaced by a fresh one", () => {
  storeTree();
  const before = inode("tree", "a");
  // Refused to the fast way and to the one that asks why, for the first file only.
  const through = injecting({ calls: LINK, what: "error=EMLINK:when=1..3" });
  const { exitCode, stderr } = btdt(cache.restoreWords("key", "to"), { through });
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
  expect(cache.restore("key", "next").stderr).toContain("3 linked");
  expect(inode("next", "a")).not.toBe(before);
  expect(cache.sessions()).toEqual([]);
});

testWith(["strace"], "where no link is ever granted, all is copied", () => {
  storeTree();
  const through = injecting({ calls: LINK, what: "error=EMLINK" });
  const { exitCode, stderr } = btdt(cache.restoreWords("key", "to"), { through });
  expect(exitCode).toBe(0);
  expect(stderr).toContain("3 copied");
  expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
  makeTree(scratch.path("new"), dir({ x: file("x") }));
  expect(btdt(cache.storeWords("new", "new"), { through }).exitCode).toBe(0);
  expect(cache.restore("new", "new-to").exitCode).toBe(0);
  expect(compareTrees(scratch.path("new"), scratch.path("new-to"))).toEqual([]);
});

testWith(["mount", "mkfs.ext4"], "ext4's 65,000 links are really used up, by restores and by stores", () => {
  const ext4 = mountImage(scratch, "ext4", "ext4");
  const tree = `${ext4}/tree`;
  const cacheDirectory = `${ext4}/cache`;
  makeTree(tree, dir({ a: file("a", { mtime: "@5.5" }), b: file("b") }));
  const words = ["-c", cacheDirectory, "--create-cache", "-k", "key", "--link", "hard"];
  expect(btdt(["store", ...words, tree]).exitCode).toBe(0);
  must(["mkdir", `${ext4}/links`]);
  for (let count = lstatSync(`${tree}/a`).nlink; count < 65_000; count++)
    linkSync(`${tree}/a`, `${ext4}/links/${count}`);
  expect(lstatSync(`${tree}/a`).nlink).toBe(65_000);

  expect(btdt(["restore", ...words, `${ext4}/to`]).stderr).toContain("2 linked");
  expect(compareTrees(tree, `${ext4}/to`)).toEqual([]);
  expect(lstatSync(`${ext4}/to/a`).nlink).toBe(2);
  expect(lstatSync(`${tree}/a`).nlink).toBe(64_999);

  // The source has all the links it can have, and another cache wants one more.
  linkSync(`${tree}/a`, `${ext4}/links/last`);
  const other = ["-c", `${ext4}/other`, "--create-cache", "-k", "key", "--link", "hard"];
  expect(btdt(["store", ...other, tree]).stderr).toContain("1 linked, 1 copied");
  expect(btdt(["restore", ...other, `${ext4}/other-to`]).exitCode).toBe(0);
  expect(compareTrees(tree, `${ext4}/other-to`)).toEqual([]);
});

test("links of one file within a tree, and trees that were restored, are stored like any other", () => {
  makeTree(scratch.path("tree"), dir({ a: file("a") }));
  linkSync(scratch.path("tree", "a"), scratch.path("tree", "also-a"));
  cache.store("key", "tree");
  expect(cache.restore("key", "to").exitCode).toBe(0);
  expect(cache.store("again", "to").stderr).toContain("2 reused");
  expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
  expect(
    readdirSync(cache.below("objects"), { recursive: true }).filter((name) => String(name).includes("/")),
  ).toHaveLength(1);
});

// It takes no space: sparse in the source, and linked from there on.
test("a file beyond 4 GiB", () => {
  const size = 4 * 2 ** 30 + 4097;
  must(["mkdir", scratch.path("tree")]);
  must(["truncate", "-s", String(size), scratch.path("tree", "large")]);
  must([
    "sh",
    "-c",
    `printf end | dd of=${scratch.path("tree", "large")} bs=1 seek=${size - 3} conv=notrunc status=none`,
  ]);
  expect(cache.store("key", "tree").stderr).toContain("stored 1 file, 4.0 GiB");
  expect(cache.restore("key", "to").exitCode).toBe(0);
  expect(lstatSync(scratch.path("to", "large")).size).toBe(size);
  expect(inode("to", "large")).toBe(inode("tree", "large"));
  expect(run(["tail", "-c", "4", scratch.path("to", "large")]).stdout).toBe("\0end");
  expect(lstatSync(scratch.path("to", "large")).blocks * 512).toBeLessThan(2 ** 20);
});

test("sparse files are copied with their content", () => {
  must(["mkdir", scratch.path("tree")]);
  must(["truncate", "-s", "9M", scratch.path("tree", "holes")]);
  must([
    "sh",
    "-c",
    `printf middle | dd of=${scratch.path("tree", "holes")} bs=1 seek=5000000 conv=notrunc status=none`,
  ]);
  cache.store("key", "tree");
  expect(cache.restore("key", "to", "--link", "copy").exitCode).toBe(0);
  expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
});
