import { expect, test } from "bun:test";
import { chmodSync, readdirSync, writeFileSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { btdt, run } from "../support/executable.ts";
import { mountTmpfs } from "../support/mounts.ts";
import { AS_NOBODY, testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

interface Check {
  readonly name: string;
  readonly status: string;
  readonly finding: string;
}

function diagnose(words: readonly string[], through: readonly string[] = []) {
  const { exitCode, stdout } = btdt(["doctor", "--json", "-c", ...words], { through });
  const { checks } = JSON.parse(stdout) as { checks: Check[] };
  return { exitCode, find: (name: string) => checks.find((check) => check.name === name) };
}

const names = (directory: string) => readdirSync(directory, { recursive: true }).map(String).toSorted();

function makeSource(path: string): void {
  makeTree(path, dir({ node_modules: dir({ a: dir({ "index.js": file("x") }) }), "a.log": file("log") }));
}

test("a sound cache, empty or in use, has no problem, and is left as it was", () => {
  makeSource(scratch.path("tree"));
  scratch.directory("cache");
  for (const state of ["empty", "in use"]) {
    if (state === "in use") cache.store("k", "tree");
    const before = names(cache.path);
    const { exitCode, find } = diagnose([cache.path, scratch.path("tree")]);
    expect(names(cache.path)).toEqual(before);
    expect(exitCode).toBe(0);
    expect(find("cache")?.finding).toBe(`${cache.path}, ${state}`);
    for (const name of ["locks", "links", "permissions", "writing", "clock", "store"])
      expect(find(name)?.status).toBe("ok");
    expect(find("store")?.finding).toEndWith("would be stored as objects, which trees can share");
    expect(find("file system")?.finding).toMatch(/^\S+ \(.+\), mounted rw/);
    expect(find("space")?.finding).toMatch(/^[\d.]+ \w+ of [\d.]+ \w+ free$/);
  }
  const lines = btdt(["doctor", "-c", cache.path]).stdout;
  expect(lines).toMatch(/^ok +kernel +Linux /);
});

test("a cache or a path that does not exist is a problem", () => {
  const missing = diagnose([scratch.path("none")]);
  expect(missing.exitCode).toBe(1);
  expect(missing.find("cache")).toMatchObject({
    status: "problem",
    finding: expect.stringContaining("does not exist (is its volume mounted?"),
  });
  const { exitCode, find } = diagnose([scratch.directory("cache"), scratch.path("none")]);
  expect(exitCode).toBe(1);
  expect(find("store")?.finding).toBe(`${scratch.path("none")} does not exist`);
});

testWith(["mount"], "a source on another file system is packed, and a full volume is a problem", () => {
  const other = mountTmpfs(scratch, "other", "1m");
  makeSource(`${other}/tree`);
  const apart = diagnose([scratch.directory("cache"), `${other}/tree`]);
  expect(apart.exitCode).toBe(0);
  expect(apart.find("store")).toMatchObject({
    status: "warning",
    finding: expect.stringContaining(
      "would be packed, and copied by a restore (another file system: cannot link)",
    ),
  });
  run(["dd", "if=/dev/zero", `of=${other}/fill`, "bs=4k"]);
  const full = diagnose([other]);
  expect(full.exitCode).toBe(1);
  expect(full.find("space")?.status).toBe("problem");
});

testWith(["root"], "a cache of another user is a problem, and the sentence says whose it is", () => {
  makeSource(scratch.path("tree"));
  cache.store("k", "tree");
  chmodSync(scratch.path(), 0o755);
  const { exitCode, find } = diagnose([cache.path], AS_NOBODY);
  expect(exitCode).toBe(1);
  expect(find("permissions")?.finding).toContain("belongs to user 0, group 0");
  expect(find("writing")).toMatchObject({
    status: "problem",
    finding: expect.stringContaining("chgrp"),
  });
});

testWith(["strace"], "a file system without locks or hard links works, with a warning", () => {
  scratch.directory("cache");
  const through = (inject: string) => ["strace", "-f", "-qq", "-o", "/dev/null", "-e", inject];
  const lockless = diagnose([cache.path], through("inject=flock:error=EOPNOTSUPP"));
  expect(lockless.exitCode).toBe(0);
  expect(lockless.find("locks")).toMatchObject({ status: "warning" });
  const linkless = diagnose([cache.path], through("inject=link,linkat:error=EPERM"));
  expect(linkless.find("links")).toEqual({
    name: "links",
    status: "warning",
    finding: "a file system without hard links: contents are packed, and copied to trees",
  });
});

test("store --dry-run says what would be stored and how, and writes nothing", () => {
  makeSource(scratch.path("tree"));
  writeFileSync(scratch.path("tree", ".btdtignore"), "skipped/\n");
  makeTree(scratch.path("tree", "skipped"), dir({ x: file("x") }));
  scratch.directory("cache");
  const store = (...options: string[]) =>
    btdt([...cache.storeWords("k", "tree", "--exclude", "*.log", "--dry-run"), ...options]);
  const tree = scratch.path("tree");
  expect(store()).toEqual({
    exitCode: 0,
    stdout:
      `Would store 2 files, 10 B as k\n${tree}: 2 files, 10 B, as objects: 1 linked, 1 copied\n` +
      `${tree}: excluded: a.log, skipped/\n`,
    stderr: "",
  });
  expect(store("--storage", "packs").stdout).toContain("as packs: 2 packed\n");
  expect(store("--link", "copy").stdout).toContain("as objects: 2 copied\n");
  expect(names(cache.path)).toEqual([]);
  const stored = JSON.parse(btdt([...cache.storeWords("k", "tree", "--exclude", "*.log"), "--json"]).stdout);
  expect(stored).toMatchObject({ fileCount: 2, contentBytes: 10, fileCounts: { linked: 1, copied: 1 } });
});
