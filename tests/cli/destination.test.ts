import { expect, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { TestCache } from "../support/cache.ts";
import { compareTrees, differences, snapshotTree } from "../support/compare-trees.ts";
import { btdt, must, run } from "../support/executable.ts";
import { executableForAll } from "../support/executable-for-all.ts";
import { mountTmpfs } from "../support/mounts.ts";
import { AS_NOBODY, testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree, symlink } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

function storeTree(): void {
  const tree = dir(
    { a: file("a"), sub: dir({ b: file("b"), l: symlink("b") }) },
    { mode: 0o750, mtime: "@5.5" },
  );
  makeTree(scratch.path("tree"), tree);
  cache.store("key", "tree");
}

function expectRestored(to: string, isWhole = true): void {
  expect(compareTrees(scratch.path("tree"), scratch.path(to), { withRoot: isWhole })).toEqual([]);
}

/** Hidden directories that a restore works in must be gone after it. */
function expectNothingBeside(...names: string[]): void {
  expect(readdirSync(scratch.path()).toSorted()).toEqual(["cache", "tree", ...names].toSorted());
}

test("missing: created as a whole, with the root's mode and time", () => {
  storeTree();
  expect(cache.restore("key", "to").exitCode).toBe(0);
  expectRestored("to");
  expect(cache.restore("key", "slashes//").exitCode).toBe(0);
  expectRestored("slashes");
  expectNothingBeside("to", "slashes");
});

test("an empty directory: replaced as a whole", () => {
  storeTree();
  mkdirSync(scratch.path("to"));
  expect(cache.restore("key", "to").exitCode).toBe(0);
  expectRestored("to");
  expectNothingBeside("to");
});

test("the working directory, empty or not", () => {
  storeTree();
  for (const name of ["empty", "full"]) {
    const to = scratch.directory(name);
    if (name === "full") writeFileSync(`${to}/mine`, "mine");
    const words = ["restore", "-c", "../cache", "-k", "key", "."];
    expect(btdt(words, { cwd: to })).toMatchObject({ exitCode: 0, stdout: "Restored key key\n" });
    expect(existsSync(`${to}/mine`)).toBe(name === "full");
    if (name === "full") expect(readFileSync(`${to}/mine`, "utf8")).toBe("mine");
    else expectRestored("empty");
    expect(readdirSync(to)).not.toContain(".btdt-restore");
  }
  // A shell that stands there must still see it.
  const shell = run(["sh", "-c", `cd ${scratch.directory("there")} && "$@" && cat a`, "sh", ...btdtWords()]);
  expect(shell.stdout).toBe("Restored key key\na");
});

function btdtWords(): string[] {
  return [`${import.meta.dir}/../../dist/btdt`, "restore", "-c", cache.path, "-k", "key", "."];
}

testWith(["mount"], "a mount point, empty or not", () => {
  storeTree();
  const mount = mountTmpfs(scratch, "mount");
  expect(cache.restore("key", "mount").exitCode).toBe(0);
  expectRestored("mount");
  writeFileSync(`${mount}/mine`, "mine");
  expect(cache.restore("key", "mount").exitCode).toBe(0);
  expect(readdirSync(mount).toSorted()).toEqual(["a", "mine", "sub"]);
  expect(must(["mountpoint", mount])).toContain("is a mountpoint");
});

test("a symlink to a directory is followed when it is the destination itself", () => {
  storeTree();
  for (const [name, content] of [
    ["empty", {}],
    ["full", { mine: file("mine") }],
  ] as const) {
    makeTree(scratch.path(name), dir(content));
    symlinkSync(name, scratch.path(`to-${name}`));
    expect(cache.restore("key", `to-${name}`).exitCode).toBe(0);
    expect(lstatSync(scratch.path(`to-${name}`)).isSymbolicLink()).toBe(true);
    expect(readFileSync(scratch.path(name, "sub", "b"), "utf8")).toBe("b");
  }
  expectRestored("empty");
  expect(readFileSync(scratch.path("full", "mine"), "utf8")).toBe("mine");
});

test("destinations that cannot be are errors that name them, and are left alone", () => {
  storeTree();
  makeTree(scratch.path("file"), file("mine"));
  symlinkSync("nowhere", scratch.path("dangling"));
  must(["mkfifo", scratch.path("pipe")]);
  const before = snapshotTree(scratch.path());
  for (const [to, expected] of [
    ["file", "is a file"],
    ["missing/to", "mkdir -p"],
    ["file/to", "not a directory"],
    ["dangling", "is a symlink to nowhere, which does not exist"],
    ["pipe", "neither"],
    ["cache/btdt-v1", "part of the cache"],
    ["cache/btdt-v1/new", "part of the cache"],
    ["cache/btdt-v1/objects/00", "part of the cache"],
  ] as const) {
    const { exitCode, stdout, stderr } = cache.restore("key", to);
    expect({ to, exitCode, stdout }).toEqual({ to, exitCode: 1, stdout: "" });
    expect(stderr).toContain(scratch.path(to));
    expect(stderr).toContain(expected);
    expect(stderr).not.toContain("bug in btdt");
  }
  // The key's time and what sessions did to their directory aside, nothing has changed.
  const changed = differences(before, snapshotTree(scratch.path()));
  expect(
    changed.filter((line) => !/^cache\/btdt-v1\/(keys\/key|sessions):/.test(line) && !line.startsWith(".:")),
  ).toEqual([]);
});

test("after a symlink, .. leads to where the system says", () => {
  storeTree();
  makeTree(scratch.path("elsewhere"), dir({ deep: dir() }));
  symlinkSync("elsewhere/deep", scratch.path("link"));
  expect(btdt(["restore", "-c", "cache", "-k", "key", "link/../to"], { cwd: scratch.path() }).exitCode).toBe(
    0,
  );
  expectRestored("elsewhere/to");
  expect(existsSync(scratch.path("to"))).toBe(false);
});

test("an empty destination, as of an unset variable, is a usage error and not the root directory", () => {
  storeTree();
  const { exitCode, stderr } = btdt(["restore", "-c", cache.path, "-k", "none", ""]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain("DESTINATION is empty");
});

test("next to btdt's own directory, inside the cache directory", () => {
  storeTree();
  expect(cache.restore("key", "cache/workspace").exitCode).toBe(0);
  expectRestored("cache/workspace");
  expect(cache.restore("key", "cache").exitCode).toBe(0);
  expect(readdirSync(cache.path).toSorted()).toEqual(["a", "btdt-v1", "sub", "workspace"]);
  expect(cache.restore("key", "again").exitCode).toBe(0);
});

testWith(
  ["root", "setpriv"],
  "a parent that may not be written is an error, an empty directory in it is not",
  () => {
    storeTree();
    must(["chmod", "-R", "a+rX", cache.path]);
    const { executable } = executableForAll(scratch);
    const parent = scratch.directory("parent");
    makeTree(`${parent}/own`, dir());
    must(["chown", "65534", `${parent}/own`]);
    const as = (to: string) => run([...AS_NOBODY, executable, "restore", "-c", cache.path, "-k", "key", to]);
    expect(as(`${parent}/own`)).toMatchObject({ exitCode: 0, stdout: "Restored key key\n" });
    expectRestored("parent/own");
    const { exitCode, stderr } = as(`${parent}/new`);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`cannot restore to ${parent}/new: permission denied`);
  },
);
