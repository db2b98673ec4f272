import { expect, test } from "bun:test";
import { lstatSync, readdirSync } from "node:fs";
import { compareTrees, differences, snapshotTree } from "../support/compare-trees.ts";
import { btdt } from "../support/executable.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();

function store(key: string, tree: string, ...options: string[]): void {
  const words = ["store", "-c", scratch.directory("cache"), "-k", key, ...options, scratch.path(tree)];
  expect(btdt(words).exitCode).toBe(0);
}

function restore(key: string, ...options: string[]): string {
  const to = scratch.path(`restored-${key}`);
  expect(btdt(["restore", "-c", scratch.path("cache"), "-k", key, ...options, to]).exitCode).toBe(0);
  return to;
}

function objectCount(): number {
  const names = readdirSync(scratch.path("cache", "btdt-v1", "objects"), { recursive: true }).map(String);
  return names.filter((name) => name.includes("/")).length;
}

function makeBoth(): void {
  makeTree(
    scratch.path("first"),
    dir({ a: file("same", { mtime: "@1000.5" }), b: file("b", { mtime: "@7" }) }),
  );
  makeTree(
    scratch.path("second"),
    dir({ a: file("same", { mtime: "@2000.5" }), c: file("same", { mtime: "@3000.5" }) }),
  );
}

test("without it, files that differ in time are two objects, and times come back", () => {
  makeBoth();
  store("first", "first");
  store("second", "second");
  expect(objectCount()).toBe(4);
  expect(compareTrees(scratch.path("second"), restore("second"))).toEqual([]);
});

test("with it, they are one: content and mode are right, the source is left as it was", () => {
  makeBoth();
  // Package contents: small files of build state would be copied.
  const share = ["--share", "*"];
  const before = snapshotTree(scratch.path("second"));
  store("first", "first", "--ignore-mtime", ...share);
  store("second", "second", "--ignore-mtime", ...share);
  expect(objectCount()).toBe(2);
  const to = restore("second", ...share);
  expect(compareTrees(scratch.path("second"), to, { withMtime: false })).toEqual([]);
  expect(lstatSync(`${to}/a`).ino).toBe(lstatSync(`${restore("first", ...share)}/a`).ino);
  expect(lstatSync(`${to}/c`).ino).toBe(lstatSync(`${to}/a`).ino);
  expect(differences(before, snapshotTree(scratch.path("second")))).toEqual([]);
});

test("modes still count", () => {
  makeTree(scratch.path("tree"), dir({ a: file("same", { mode: 0o644 }), b: file("same", { mode: 0o755 }) }));
  store("tree", "tree", "--ignore-mtime");
  expect(objectCount()).toBe(2);
  expect(compareTrees(scratch.path("tree"), restore("tree"))).toEqual([]);
});
