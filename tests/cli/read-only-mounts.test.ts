import { expect } from "bun:test";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { mountReadOnly } from "../support/mounts.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

/** @param mounted what is mounted read-only as `to/data` */
function restoreAround(mounted: ReturnType<typeof dir>): { exitCode: number; stderr: string } {
  const data = dir({ kept: file("kept", { mtime: "@1.5" }) }, { mode: 0o750, mtime: "@2.5" });
  makeTree(scratch.path("tree"), dir({ data, other: file("other") }));
  cache.store("key", "tree");
  makeTree(scratch.path("volume"), mounted);
  mkdirSync(scratch.path("to"));
  mountReadOnly(scratch, scratch.path("volume"), "to/data");
  return cache.restore("key", "to");
}

testWith(["mount"], "a read-only mount that has its part of the tree already does not fail a restore", () => {
  const same = dir({ kept: file("kept", { mtime: "@1.5" }) }, { mode: 0o750, mtime: "@2.5" });
  expect(restoreAround(same)).toMatchObject({ exitCode: 0 });
  expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
  rmSync(scratch.path("to", "other"));
  expect(cache.restore("key", "to", "--exact")).toMatchObject({ exitCode: 0 });
  expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
});

testWith(["mount"], "its root keeps its mode and time", () => {
  const altered = dir({ kept: file("kept", { mtime: "@1.5" }) }, { mode: 0o755, mtime: "@3.5" });
  expect(restoreAround(altered)).toMatchObject({ exitCode: 0 });
  const lines = compareTrees(scratch.path("tree"), scratch.path("to"));
  expect(lines.map((line) => line.split(":")[0])).toEqual(["data"]);
});

testWith(["mount"], "one that lacks something fails the restore, which changes nothing", () => {
  const failed = restoreAround(dir({}));
  expect(failed).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("read-only") });
  expect(readdirSync(scratch.path("to"))).toEqual(["data"]);
});
