/** Trees with names that say what is not true: that files are package contents, which any number of trees may share. */
import { expect, test } from "bun:test";
import { lstatSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { must } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

const TIME = { mtime: "@1000.5" };
const LARGE = "large ".repeat(20_000);
/** Directories whose contents are shared, in a project where nothing was installed. */
const NAMES = ["src/node_modules", "src/site-packages", "src/pkg/mod", "src/vendor/ruby/3.1.0/gems"];
const OPTIONS = [[], ["--share", "*"], ["--link", "hard"]];

function inode(tree: string, path: string): number {
  return lstatSync(scratch.path(tree, path)).ino;
}

/** Stores the tree, restores it twice, and expects that none of the three has a file in common with another. */
function expectOwn(options: readonly string[], paths: readonly string[]): void {
  expect(cache.store("key", "tree", ...options).exitCode).toBe(0);
  for (const to of ["one", "two"]) {
    expect(cache.restore("key", to, ...options).exitCode).toBe(0);
    expect(compareTrees(scratch.path("tree"), scratch.path(to))).toEqual([]);
  }
  for (const path of paths) {
    const inodes = ["tree", "one", "two"].map((tree) => inode(tree, path));
    expect({ path, count: new Set(inodes).size }).toEqual({ path, count: 3 });
    expect(lstatSync(scratch.path("one", path)).nlink).toBe(1);
  }
}

function makeMisleadingTree(modes: Readonly<Record<string, number>>): string[] {
  const content = (name: string) => ({ small: `${name} small`, large: `${name} ${LARGE}` });
  makeTree(scratch.path("tree"), dir({}));
  return NAMES.flatMap((name) =>
    Object.entries(modes).flatMap(([what, mode]) =>
      Object.entries(content(name + what)).map(([size, text]) => {
        const path = `${name}/${what}-${size}`;
        scratch.directory("tree", name);
        makeTree(scratch.path("tree", path), file(text, { mode, ...TIME }));
        return path;
      }),
    ),
  );
}

for (const options of OPTIONS) {
  const how = options.join(" ") || "by default";
  test(`set-id files are never shared, wherever they are: ${how}`, () => {
    const paths = makeMisleadingTree({ setuid: 0o4755, setgid: 0o2755, sticky: 0o1755 });
    expectOwn(options, paths);
  });

  testWith(
    ["root", "setcap", "getcap"],
    `nor are files with capabilities, which are not restored: ${how}`,
    () => {
      const paths = makeMisleadingTree({ tool: 0o755 });
      for (const path of paths) must(["setcap", "cap_dac_read_search+ep", scratch.path("tree", path)]);
      expect(cache.store("key", "tree", ...options).exitCode).toBe(0);
      for (const to of ["one", "two"]) expect(cache.restore("key", to, ...options).exitCode).toBe(0);
      for (const path of paths) {
        expect(lstatSync(scratch.path("tree", path)).nlink).toBe(1);
        expect(must(["getcap", scratch.path("tree", path)])).toContain("cap_dac_read_search");
        for (const to of ["one", "two"]) expect(must(["getcap", scratch.path(to, path)])).toBe("");
      }
    },
  );
}
