import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { btdt } from "../support/executable.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree, type TreeNode } from "../support/tree.ts";

const scratch = Scratch.use();

/** The paths that come back of a tree, sorted. */
function kept(node: TreeNode, ...excludes: string[]): string[] {
  makeTree(scratch.path("tree"), node);
  const cache = scratch.directory("cache");
  const options = excludes.flatMap((pattern) => ["--exclude", pattern]);
  expect(btdt(["store", "-c", cache, "-k", "key", ...options, scratch.path("tree")]).exitCode).toBe(0);
  expect(btdt(["restore", "-c", cache, "-k", "key", scratch.path("to")]).exitCode).toBe(0);
  return readdirSync(scratch.path("to"), { recursive: true }).map(String).toSorted();
}

const any = file("x");

test("--exclude leaves out what matches at any depth, repeatedly", () => {
  const tree = dir({
    "a.log": any,
    "b.txt": any,
    tmp: dir({ c: any }),
    sub: dir({ "d.log": any, tmp: any, e: any }),
  });
  expect(kept(tree, "*.log", "tmp")).toEqual(["b.txt", "sub", "sub/e"]);
});

test("a slash anchors, a trailing one means directories", () => {
  const tree = dir({
    build: dir({ a: any }),
    sub: dir({ build: dir({ b: any }) }),
    logs: any,
    more: dir({ logs: dir({ c: any }) }),
  });
  expect(kept(tree, "/build", "logs/")).toEqual(["logs", "more", "sub", "sub/build", "sub/build/b"]);
});

test("two stars, question marks, classes", () => {
  const tree = dir({
    a1: any,
    a2: any,
    ab: any,
    x: dir({ y: dir({ z: any, "z.o": any }) }),
    q: dir({ "z.o": any }),
  });
  expect(kept(tree, "x/**/*.o", "a[0-9]", "?b")).toEqual(["q", "q/z.o", "x", "x/y", "x/y/z"]);
});

test("an exclamation mark re-includes, the last matching pattern decides", () => {
  const tree = dir({ "a.log": any, "keep.log": any, b: any });
  expect(kept(tree, "*.log", "!keep.log")).toEqual(["b", "keep.log"]);
});

test("the contents of an excluded directory cannot be re-included", () => {
  expect(kept(dir({ d: dir({ keep: any }), e: any }), "d/", "!d/keep")).toEqual(["e"]);
});

test("case counts", () => {
  expect(kept(dir({ A: any, a: any }), "a")).toEqual(["A"]);
});

test(".btdtignore files apply to their directory, deeper ones take precedence, and they are stored themselves", () => {
  const tree = dir({
    ".btdtignore": file("*.tmp\n# a comment\n\n/only-here\n"),
    "a.tmp": any,
    "only-here": any,
    sub: dir({
      ".btdtignore": file("!important.tmp\nlocal\n"),
      "b.tmp": any,
      "important.tmp": any,
      "only-here": any,
      local: any,
      deep: dir({ "important.tmp": any, local: dir({ c: any }), "d.tmp": any }),
    }),
    sister: dir({ local: any, "important.tmp": any }),
  });
  expect(kept(tree)).toEqual([
    ".btdtignore",
    "sister",
    "sister/local",
    "sub",
    "sub/.btdtignore",
    "sub/deep",
    "sub/deep/important.tmp",
    "sub/important.tmp",
    "sub/only-here",
  ]);
});

test("--exclude takes precedence over .btdtignore, both ways", () => {
  const tree = dir({ ".btdtignore": file("a\n!b\n"), a: any, b: any, c: any });
  expect(kept(tree, "!a", "b")).toEqual([".btdtignore", "a", "c"]);
});

test("a .btdtignore with carriage returns, and one that is a directory", () => {
  const tree = dir({
    ".btdtignore": file("a\r\nb\r\n"),
    a: any,
    b: any,
    sub: dir({ ".btdtignore": dir({ x: any }), a: any }),
  });
  expect(kept(tree)).toEqual([".btdtignore", "sub", "sub/.btdtignore", "sub/.btdtignore/x"]);
});

test("excluding everything stores an empty directory", () => {
  expect(kept(dir({ a: any, d: dir({ b: any }) }), "*")).toEqual([]);
});
