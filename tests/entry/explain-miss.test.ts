import { expect, test } from "bun:test";
import { mkdirSync, rmSync, utimesSync } from "node:fs";
import { dirname } from "node:path";
import { SlowVolume } from "../../bench/slow-volume/slow-volume.ts";
import { CacheDirectory } from "../../src/cache/cache-directory.ts";
import { explainMiss } from "../../src/entry/explain-miss.ts";
import { createPause } from "../../src/work/breather.ts";
import { HandMadeCache } from "../support/hand-made-cache.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();
const pause = createPause(() => false);

test("names the keys that begin most alike, and how many there are", async () => {
  const cache = new HandMadeCache(scratch);
  expect(await explainMiss(cache.directory, ["npm-linux-1"], [], pause)).toEqual({
    keyCount: 0,
    nearest: [],
  });
  const manifest = cache.addEntry("npm-linux-2", { f: "content" });
  for (const key of ["npm-linux-3", "npm-darwin-1", "npm-darwin-2", "cargo-1"]) cache.addKey(key, [manifest]);
  utimesSync(cache.keyPath("npm-linux-3"), 1, 1);
  const { keyCount, nearest } = await explainMiss(cache.directory, ["npm-linux-1", "yarn"], [], pause);
  expect(keyCount).toBe(5);
  const keys = nearest.map(({ key }) => key);
  expect(keys.slice(0, 2).toSorted()).toEqual(["npm-linux-2", "npm-linux-3"]);
  expect(keys[2]).toStartWith("npm-darwin-");
  expect(keys).toHaveLength(3);
  expect(await explainMiss(cache.directory, ["go-1"], [], pause)).toEqual({ keyCount: 5, nearest: [] });
});

test("of many keys that begin alike, names the ones used last", async () => {
  const cache = new HandMadeCache(scratch);
  const manifest = cache.addEntry("npm-0", { f: "content" });
  for (let number = 1; number < 8; number++) cache.addKey(`npm-${number}`, [manifest]);
  for (let number = 0; number < 8; number++) utimesSync(cache.keyPath(`npm-${number}`), number, number);
  // A foreign file in their place is passed over.
  rmSync(cache.keyPath("npm-6"));
  mkdirSync(cache.keyPath("npm-6"));
  utimesSync(cache.keyPath("npm-6"), 100, 100);
  const { keyCount, nearest } = await explainMiss(cache.directory, ["npm-9"], [], pause);
  expect(keyCount).toBe(8);
  expect(nearest.map(({ key }) => key).toSorted()).toEqual(["npm-4", "npm-5", "npm-7"]);
});

const FUSE = ["mount", "cc", "/dev/fuse", "/usr/include/fuse3/fuse_lowlevel.h"];

testWith(FUSE, "on a slow volume, looks at few of many keys that begin alike", async () => {
  const cache = new HandMadeCache(scratch);
  const manifest = cache.addEntry("npm-0", { f: "content" });
  for (let number = 1; number < 200; number++) cache.addKey(`npm-${number}`, [manifest]);
  const path = scratch.directory("mount");
  const volume = await SlowVolume.mount(dirname(cache.directory.root), path);
  scratch.noteMount(path);
  try {
    await volume.delay(1000);
    await volume.takeCounts();
    const slow = CacheDirectory.open(path);
    const { keyCount, nearest } = await explainMiss(slow, ["npm-x"], [], pause);
    expect({ keyCount, nearestCount: nearest.length }).toEqual({ keyCount: 200, nearestCount: 3 });
    expect((await volume.takeCounts()).operations["lookup"]).toBeWithin(50, 60);
  } finally {
    await volume.unmount();
  }
});

test("a key whose entry cannot be used is no alternative", async () => {
  const cache = new HandMadeCache(scratch);
  cache.addEntry("npm-1", { f: "content" });
  expect(await explainMiss(cache.directory, ["npm-1"], ["npm-1"], pause)).toEqual({
    keyCount: 0,
    nearest: [],
  });
});
