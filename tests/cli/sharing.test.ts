import { describe, expect, test } from "bun:test";
import { appendFileSync, linkSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TestCache } from "../support/cache.ts";
import { compareTrees, differences, snapshotTree } from "../support/compare-trees.ts";
import { btdt, type Finished, finishedOf, must, startBtdt } from "../support/executable.ts";
import { mountImage } from "../support/mounts.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

const LARGE_BYTES = 100_000;

function large(text: string) {
  return file(text.repeat(LARGE_BYTES / text.length), { mtime: "@1000.5" });
}

/** Stores or restores `node_modules` or `target` of a checkout, by their names. */
function inCheckout(name: string, ...words: string[]): Finished {
  const [command = "", ...rest] = words;
  const cwd = scratch.directory(name);
  scratch.directory("cache");
  return btdt([command, "-c", cache.path, ...rest], { cwd });
}

function nlink(...path: string[]): number {
  return lstatSync(scratch.path(...path)).nlink;
}

function inode(...path: string[]): number {
  return lstatSync(scratch.path(...path)).ino;
}

/** Build state in `one/target`, stored as `k`. */
function storeTarget(...options: string[]): void {
  makeTree(
    join(scratch.directory("one"), "target"),
    dir({ log: file("started\n"), deps: dir({ "lib.rlib": large("rust") }) }),
  );
  expect(inCheckout("one", "store", "-k", "k", ...options, "target")).toMatchObject({ exitCode: 0 });
}

describe("build state", () => {
  test("is copied if small, linked if large and no other tree has it, else copied", () => {
    storeTarget();
    // What was stored shares what a restore would share.
    expect([nlink("one", "target", "log"), nlink("one", "target", "deps", "lib.rlib")]).toEqual([1, 2]);
    expect(inCheckout("two", "restore", "-k", "k").stderr).toContain(": 2 copied in ");
    rmSync(scratch.path("one"), { recursive: true });
    expect(inCheckout("three", "restore", "-k", "k").stderr).toContain(": 1 linked, 1 copied in ");
    expect(inCheckout("four", "restore", "-k", "k").stderr).toContain(": 2 copied in ");
    expect(compareTrees(scratch.path("two", "target"), scratch.path("three", "target"))).toEqual([]);
    expect(compareTrees(scratch.path("two", "target"), scratch.path("four", "target"))).toEqual([]);
    const inodes = ["two", "three", "four"].map((name) => inode(name, "target", "deps", "lib.rlib"));
    expect(new Set(inodes).size).toBe(3);
  });

  test("that one tree writes in place is not changed in another", () => {
    storeTarget();
    const before = snapshotTree(scratch.path("one", "target"));
    for (const name of ["two", "three"]) inCheckout(name, "restore", "-k", "k");
    for (const path of ["log", "deps/lib.rlib"])
      appendFileSync(scratch.path("two", "target", path), "edited");
    for (const name of ["one", "three"])
      expect(differences(before, snapshotTree(scratch.path(name, "target")))).toEqual([]);
  });

  test("of one tree is not linked again where it is equal twice", () => {
    const twice = dir({ a: large("same"), b: large("same") });
    makeTree(join(scratch.directory("one"), "target"), twice);
    expect(inCheckout("one", "store", "-k", "k", "target").stderr).toContain("1 linked, 1 reused");
    expect(inCheckout("two", "restore", "-k", "k").stderr).toContain("2 copied");
    rmSync(scratch.path("one"), { recursive: true });
    expect(inCheckout("three", "restore", "-k", "k").stderr).toContain("1 linked, 1 copied");
    expect(inode("three", "target", "a")).not.toBe(inode("three", "target", "b"));
  });

  test("with another name outside of the tree is copied into the cache", () => {
    makeTree(join(scratch.directory("one"), "target"), dir({ model: large("data") }));
    linkSync(scratch.path("one", "target", "model"), scratch.path("elsewhere"));
    expect(inCheckout("one", "store", "-k", "k", "target").stderr).toContain("1 copied");
    expect(nlink("elsewhere")).toBe(2);
  });

  test("restored over itself stays as it is, unless it shares an inode that it must not share", () => {
    storeTarget();
    rmSync(scratch.path("one"), { recursive: true });
    inCheckout("two", "restore", "-k", "k");
    const [log, library] = [inode("two", "target", "log"), inode("two", "target", "deps", "lib.rlib")];
    expect(inCheckout("two", "restore", "-k", "k").stderr).toContain("2 unchanged");
    expect(inode("two", "target", "log")).toBe(log);
    expect(inode("two", "target", "deps", "lib.rlib")).toBe(library);
    // As it would be after a restore by an earlier version, or with `cp -al`.
    mkdirSync(scratch.path("other"));
    linkSync(scratch.path("two", "target", "log"), scratch.path("other", "log"));
    linkSync(scratch.path("two", "target", "deps", "lib.rlib"), scratch.path("other", "lib.rlib"));
    expect(inCheckout("two", "restore", "-k", "k").stderr).toContain("2 copied");
    expect(nlink("other", "log")).toBe(1);
    expect(inode("two", "target", "deps", "lib.rlib")).not.toBe(inode("other", "lib.rlib"));
  });

  test("that was stored is reused by the next store, and its tree keeps what it has", () => {
    storeTarget();
    const before = snapshotTree(scratch.path("one"));
    expect(inCheckout("one", "store", "-k", "next", "target").stderr).toContain("2 reused");
    expect(differences(before, snapshotTree(scratch.path("one")))).toEqual([]);
    expect(nlink("one", "target", "deps", "lib.rlib")).toBe(2);
    expect(cache.manifests()).toHaveLength(1);
  });
});

describe("package contents", () => {
  const packages = dir({
    ".package-lock.json": file("{}"),
    a: dir({ "index.js": file("a"), "data.bin": large("data") }),
  });

  test("are linked by any number of trees, but not the installer's state among them", () => {
    makeTree(join(scratch.directory("one"), "node_modules"), packages);
    expect(inCheckout("one", "store", "-k", "k", "node_modules").stderr).toContain("2 linked, 1 copied");
    for (const name of ["two", "three"])
      expect(inCheckout(name, "restore", "-k", "k").stderr).toContain("2 linked, 1 copied");
    expect(nlink("three", "node_modules", "a", "data.bin")).toBe(4);
    expect(nlink("three", "node_modules", ".package-lock.json")).toBe(1);
    appendFileSync(scratch.path("two", "node_modules", ".package-lock.json"), "edited");
    expect(readFileSync(scratch.path("three", "node_modules", ".package-lock.json"), "utf8")).toBe("{}");
  });

  test("never share an inode with equal build state", () => {
    makeTree(join(scratch.directory("one"), "node_modules"), packages);
    must(["cp", "-a", scratch.path("one", "node_modules"), scratch.path("one", "target")]);
    inCheckout("one", "store", "-k", "build", "target");
    inCheckout("one", "store", "-k", "packages", "node_modules");
    for (const name of ["two", "three"]) {
      inCheckout(name, "restore", "-k", "build");
      inCheckout(name, "restore", "-k", "packages");
    }
    expect(inode("two", "node_modules", "a", "data.bin")).toBe(
      inode("three", "node_modules", "a", "data.bin"),
    );
    expect(inode("two", "target", "a", "data.bin")).not.toBe(inode("two", "node_modules", "a", "data.bin"));
    expect(cache.objects().filter((name) => name.endsWith("-x"))).toHaveLength(1);
  });

  test("that are edited in place all the same cost one miss, then they are copied", () => {
    const install = () => {
      rmSync(scratch.path("one"), { recursive: true, force: true });
      makeTree(join(scratch.directory("one"), "node_modules"), packages);
      inCheckout("one", "store", "-k", "k", "node_modules");
    };
    install();
    writeFileSync(scratch.path("one", "node_modules", "a", "index.js"), "b");
    expect(inCheckout("two", "restore", "-k", "k")).toMatchObject({ exitCode: 4 });
    install();
    expect(inCheckout("two", "restore", "-k", "k").stderr).toContain("1 linked, 2 copied");
  });
});

describe("objects of the other kind", () => {
  test("are copied where the place says something else than when the tree was stored", () => {
    storeTarget();
    const { exitCode, stderr } = inCheckout("two", "restore", "-k", "k", "node_modules");
    // Its recorded path, target, does not make it build state: nothing says that it is written in place.
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(stderr).toContain("1 linked, 1 copied");
    expect(compareTrees(scratch.path("one", "target"), scratch.path("two", "node_modules"))).toEqual([]);
    makeTree(scratch.path("one", "node_modules"), dir({ b: large("shared") }));
    btdt(["store", "-c", cache.path, "-k", "p", scratch.path("one", "node_modules")]);
    expect(inCheckout("two", "restore", "-k", "p", "output").stderr).toContain("1 copied");
    expect(compareTrees(scratch.path("one", "node_modules"), scratch.path("two", "output"))).toEqual([]);
  });

  test("are enough for verify, clean, list and export; without either, the entry is damaged", () => {
    storeTarget();
    rmSync(scratch.path("one"), { recursive: true });
    const exclusive = cache.objects().filter((name) => name.endsWith("-x"));
    expect(exclusive).toHaveLength(1);
    expect(btdt(["verify", "-c", cache.path])).toMatchObject({ exitCode: 0 });
    expect(cache.clean().exitCode).toBe(0);
    expect(cache.objects()).toHaveLength(2);
    expect(btdt(["export", "-c", cache.path, "-k", "k"])).toMatchObject({
      exitCode: 0,
    });
    const [name = ""] = exclusive;
    // As a store with --link hard has it.
    must(["mv", cache.below("objects", name), cache.below("objects", name.replace(/-x$/, ""))]);
    expect(btdt(["verify", "-c", cache.path])).toMatchObject({ exitCode: 0 });
    expect(inCheckout("two", "restore", "-k", "k").stderr).toContain("2 copied");
    rmSync(cache.below("objects", name.replace(/-x$/, "")));
    expect(btdt(["verify", "-c", cache.path])).toMatchObject({ exitCode: 1 });
    expect(inCheckout("three", "restore", "-k", "k")).toMatchObject({ exitCode: 4 });
  });

  test("that nothing needs are garbage", () => {
    storeTarget();
    expect(btdt(["delete", "-c", cache.path, "k"]).exitCode).toBe(0);
    expect(cache.clean().exitCode).toBe(0);
    expect(cache.objects()).toEqual([]);
  });
});

test("--link hard shares everything, in both directions; --link copy nothing", () => {
  storeTarget("--link", "hard");
  expect([nlink("one", "target", "log"), nlink("one", "target", "deps", "lib.rlib")]).toEqual([2, 2]);
  expect(cache.objects().some((name) => name.endsWith("-x"))).toBe(false);
  expect(inCheckout("two", "restore", "-k", "k", "--link", "hard").stderr).toContain("2 linked");
  expect(inCheckout("three", "restore", "-k", "k").stderr).toContain("2 copied");
  expect(inCheckout("four", "restore", "-k", "k", "--link", "copy").stderr).toContain("2 copied");
  rmSync(scratch.path("one"), { recursive: true });
  storeTarget("--link", "copy");
  expect(nlink("one", "target", "deps", "lib.rlib")).toBe(1);
  expect(inCheckout("five", "restore", "-k", "k").stderr).toContain("1 linked, 1 copied");
});

testWith(["mount", "mkfs.xfs"], "where there are reflinks, build state and packages are reflinked", () => {
  const xfs = mountImage(scratch, "xfs", "xfs");
  mkdirSync(`${xfs}/one`);
  makeTree(`${xfs}/one/target`, dir({ a: large("abcd"), b: file("b") }));
  const words = ["-c", xfs, "-k", "key"];
  expect(btdt(["store", ...words, "target"], { cwd: `${xfs}/one` }).stderr).toContain("2 reflinked");
  mkdirSync(`${xfs}/two`);
  expect(btdt(["restore", ...words], { cwd: `${xfs}/two` }).stderr).toContain("2 reflinked");
  expect(compareTrees(`${xfs}/one/target`, `${xfs}/two/target`)).toEqual([]);
});

const ROUNDS = 15;

test(
  "of two restores at once, never do both keep the inode of build state",
  async () => {
    const files = Array.from(
      { length: 30 },
      (_, index) => [`f${index}`, large(`${index}`.padStart(4))] as const,
    );
    makeTree(join(scratch.directory("one"), "target"), dir(Object.fromEntries(files)));
    inCheckout("one", "store", "-k", "k", "target");
    const before = snapshotTree(scratch.path("one", "target"));
    rmSync(scratch.path("one"), { recursive: true });
    let linkedCount = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const names = ["left", "right"].map((side) => `${side}-${round}`);
      const finished = names.map((name) =>
        finishedOf(startBtdt(["restore", "-c", cache.path, "-k", "k"], { cwd: scratch.directory(name) })),
      );
      for (const { exitCode } of await Promise.all(finished)) expect(exitCode).toBe(0);
      for (const [path] of files) {
        const [left, right] = names.map((name) => inode(name, "target", path));
        expect(left).not.toBe(right ?? 0);
        linkedCount += names.filter((name) => nlink(name, "target", path) > 1).length;
      }
      for (const name of names) {
        expect(differences(before, snapshotTree(scratch.path(name, "target")))).toEqual([]);
        rmSync(scratch.path(name), { recursive: true });
      }
    }
    // Otherwise nothing was tried.
    expect(linkedCount).toBeGreaterThan(0);
  },
  5 * 60_000,
);

describe("--share and --no-share", () => {
  function storeVendor(...options: string[]): string {
    makeTree(
      join(scratch.directory("one"), "vendor"),
      dir({ "autoload.php": file("<?php"), lib: dir({ "a.php": file("a"), "b.php": file("b") }) }),
    );
    const stored = inCheckout("one", "store", "-k", "k", ...options, "vendor");
    expect(stored).toMatchObject({ exitCode: 0 });
    return stored.stderr;
  }

  test("decide for files that match, on store and restore; --no-share wins", () => {
    const globs = ["--share", "lib/", "--share", "*.php", "--no-share", "autoload.php"];
    expect(storeVendor(...globs)).toContain("2 linked, 1 copied");
    expect(inCheckout("two", "restore", "-k", "k", ...globs).stderr).toContain("2 linked, 1 copied");
    // Sharing takes both.
    expect(inCheckout("three", "restore", "-k", "k").stderr).toContain("3 copied");
    expect(nlink("two", "vendor", "lib", "a.php")).toBe(3);
    expect(nlink("two", "vendor", "autoload.php")).toBe(1);
    expect(inCheckout("four", "restore", "-k", "k", "--share", "*", "--no-share", "*").stderr).toContain(
      "3 copied",
    );
  });

  test("can be set by variables, one pattern a line", () => {
    storeVendor();
    const env = { BTDT_SHARE: "lib\n/autoload.php\n", BTDT_NO_SHARE: "b.php" };
    const words = ["restore", "-c", cache.path, "-k", "k"];
    expect(btdt(words, { cwd: scratch.directory("two"), env }).stderr).toContain("2 linked, 1 copied");
  });

  test("count for run, and for the names in an archive that is imported", () => {
    const words = ["run", "-c", cache.path, "-k", "run", "--share", "*.php", "vendor", "--"];
    const cwd = scratch.directory("one");
    scratch.directory("cache");
    const command = ["sh", "-c", "mkdir vendor && echo a >vendor/a.php"];
    expect(btdt([...words, ...command], { cwd }).stderr).toContain("1 linked");
    expect(btdt([...words, "false"], { cwd: scratch.directory("two") }).stderr).toContain("1 linked");
    makeTree(scratch.path("packages"), dir({ a: large("data") }));
    must(["tar", "-C", scratch.path("packages"), "-cf", scratch.path("packages.tar"), "."]);
    for (const [key, options] of [
      ["exclusive", []],
      ["shared", ["--share", "*"]],
    ] as const) {
      const imported = btdt([
        "import",
        "-c",
        cache.path,
        "-k",
        key,
        ...options,
        scratch.path("packages.tar"),
      ]);
      expect(imported).toMatchObject({ exitCode: 0 });
      const exclusive = cache.objects().filter((name) => name.endsWith("-x"));
      expect(exclusive).toHaveLength(1);
      expect(inCheckout(key, "restore", "-k", key, "node_modules").stderr).toContain(
        key === "shared" ? "1 linked" : "1 copied",
      );
    }
  });
});
