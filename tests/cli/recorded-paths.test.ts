import { describe, expect, test } from "bun:test";
import { existsSync, lstatSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { differences, snapshotTree } from "../support/compare-trees.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, symlink } from "../support/tree.ts";
import { Work } from "../support/work.ts";

/** Where a restore without destinations puts things is the cache's word, which may be hostile. */
const scratch = Scratch.use();
const cache = new TestCache(scratch);
const work = new Work(scratch, cache);

/** Two keys with one small tree each; the one called `bad` is to be forged. */
function storeTwo(): void {
  work.make("from", { tree: dir({ x: file("x") }), good: dir({ y: file("y") }) });
  work.store("from", "bad", "tree");
  work.store("from", "good", "good");
}

function forge(...paths: unknown[]): void {
  const [tree] = work.trees("bad");
  work.forgeTrees(
    "bad",
    Array.from(paths, (path) => ({ ...tree, path })),
  );
}

describe("a key file with an invalid path is damaged: a miss with a warning, and the next key is tried", () => {
  for (const paths of [
    ["/absolute"],
    ["../escaped"],
    ["a/../../escaped"],
    [".."],
    ["a/.."],
    ["./tree"],
    [""],
    ["a//b"],
    ["a/"],
    ["a\0b"],
    ["a\uFFFD"],
    ["tree", "tree"],
    ["tree", "tree/below"],
    [".", "tree"],
    [7],
    [null],
    [["a"]],
  ]) {
    test(JSON.stringify(paths), () => {
      storeTwo();
      forge(...paths.map((path) => (path === "/absolute" ? scratch.path("escaped") : path)));
      work.make("to");
      const before = snapshotTree(scratch.path(), { withMtime: false });
      const missed = work.restore("to", "bad");
      expect(missed).toMatchObject({ exitCode: 4, stdout: "" });
      expect(missed.stderr).toContain("warning: the entry of key bad cannot be used and counts as a miss");
      // With destinations nobody would follow these paths; who wrote them is not to be believed anyway.
      expect(work.restore("to", "bad", "named").exitCode).toBe(4);
      const changed = differences(before, snapshotTree(scratch.path(), { withMtime: false }));
      expect(changed.filter((line) => !line.startsWith("cache/btdt-v1/restore-counts"))).toEqual([]);
      expect(work.restore("to", "bad,good")).toMatchObject({ exitCode: 3, stdout: "Restored key good\n" });
      expect(readdirSync(scratch.path("to"))).toEqual(["good"]);
      expect(work.run("to", "list").stdout).not.toContain("bad");
      expect(work.run("to", "inspect", "bad")).toMatchObject({ exitCode: 1, stdout: "" });
      cache.clean();
      expect(cache.keys()).toEqual(["good"]);
    });
  }
});

test("a path may look odd and be one all the same", () => {
  storeTwo();
  const paths = ["back\\slash", "..a/b..", "~", "-k", "new\nline", "$(touch x)", "ünï", ".hidden/a"];
  forge(...paths);
  work.make("to");
  expect(work.restore("to", "bad").exitCode).toBe(0);
  for (const path of paths) expect(readFileSync(scratch.path("to", path, "x"), "utf8")).toBe("x");
  expect(work.restore("to", "bad", "-v").stderr).toContain("btdt: restored new\\nline\n");
});

test("no symlink is followed, neither on the way nor at the end, wherever it leads", () => {
  storeTwo();
  work.make("outside", { inner: dir() });
  const links = {
    out: symlink(scratch.path("outside")),
    up: symlink(".."),
    inside: symlink("real"),
    dangling: symlink("nowhere"),
    loop: symlink("loop"),
  };
  work.make("to", { real: dir(), ...links });
  for (const path of [
    "out",
    "out/new",
    "out/inner",
    "out/inner/deep/new",
    "up/escaped",
    "inside",
    "inside/new",
    "dangling",
    "dangling/new",
    "loop/new",
  ]) {
    forge("first", path);
    const before = snapshotTree(scratch.path("to"), { withMtime: false });
    const { exitCode, stdout, stderr } = work.restore("to", "bad");
    expect({ path, exitCode, stdout }).toEqual({ path, exitCode: 1, stdout: "" });
    expect(stderr).toContain(`${path.split("/")[0]} is a symlink, which restore does not follow on its own`);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(differences(before, snapshotTree(scratch.path("to"), { withMtime: false }))).toEqual([]);
  }
  expect(readdirSync(scratch.path("outside"))).toEqual(["inner"]);
  expect(readdirSync(scratch.path("outside/inner"))).toEqual([]);
  // Who names it has asked for it.
  forge("out");
  expect(work.restore("to", "bad", "out").exitCode).toBe(0);
  expect(readFileSync(scratch.path("outside/x"), "utf8")).toBe("x");
});

test("a symlink in the middle, below a directory that is real", () => {
  storeTwo();
  work.make("outside");
  work.make("to", { a: dir({ b: symlink(scratch.path("outside")) }) });
  forge("a/b/c");
  const { exitCode, stderr } = work.restore("to", "bad");
  expect(exitCode).toBe(1);
  expect(stderr).toContain("a/b is a symlink");
  expect(readdirSync(scratch.path("outside"))).toEqual([]);
});

test("missing directories are created once; files on the way are errors", () => {
  storeTwo();
  forge("a/b/c", "a/b/d", "a/e");
  work.make("to");
  expect(work.restore("to", "bad").exitCode).toBe(0);
  for (const path of ["a/b/c", "a/b/d", "a/e"]) expect(existsSync(scratch.path("to", path, "x"))).toBe(true);
  work.make("other", { a: file("mine") });
  const { exitCode, stderr } = work.restore("other", "bad");
  expect(exitCode).toBe(1);
  expect(stderr).toContain("cannot restore to a/b/c: a component of the path is not a directory");
  expect(readFileSync(scratch.path("other/a"), "utf8")).toBe("mine");
  expect(readdirSync(scratch.path("other"))).toEqual(["a"]);
});

test("the cache itself is not a valid destination, whether it exists or not", () => {
  storeTwo();
  for (const path of ["btdt-v1", "btdt-v1/keys", "btdt-v1/new/deep/place", "btdt-v1/objects/00"]) {
    forge(path);
    const keys = cache.keys();
    const { exitCode, stderr } = work.restore("cache", "bad");
    expect({ path, exitCode }).toEqual({ path, exitCode: 1 });
    expect(stderr).toContain(`${path} is part of the cache itself`);
    expect(cache.keys()).toEqual(keys);
  }
  forge(".");
  expect(work.restore("cache", "bad").exitCode).toBe(0);
  const exact = work.restore("cache", "bad", "--exact");
  expect(exact.exitCode).toBe(1);
  expect(exact.stderr).toContain("--exact would delete the cache");
  expect(cache.keys()).toEqual(["bad", "good"]);
});

test("a tree that is a symlink farm does not lead the next tree out", () => {
  work.make("outside");
  const from = work.make("from", {
    a: dir({ link: symlink(scratch.path("outside")) }),
    b: dir({ x: file("x") }),
  });
  symlinkSync(scratch.path("outside"), `${from}/b/link`);
  work.store("from", "bad", "a", "b");
  const [a, b] = work.trees("bad");
  work.forgeTrees("bad", [a, { ...b, path: "a/link/x" }]);
  work.make("to");
  expect(work.restore("to", "bad").exitCode).toBe(4);
  work.forgeTrees("bad", [a, { ...b, path: "A" }]);
  expect(work.restore("to", "bad").exitCode).toBe(0);
  expect(lstatSync(scratch.path("to/a/link")).isSymbolicLink()).toBe(true);
  expect(readdirSync(scratch.path("outside"))).toEqual([]);
});
