import { expect, test } from "bun:test";
import { utimesSync } from "node:fs";
import { explainMiss } from "../../src/entry/explain-miss.ts";
import { HandMadeCache } from "../support/hand-made-cache.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();

test("names the keys that begin most alike, and how many there are", () => {
  const cache = new HandMadeCache(scratch);
  expect(explainMiss(cache.directory, ["npm-linux-1"])).toEqual({ keyCount: 0, nearest: [] });
  const manifest = cache.addEntry("npm-linux-2", { f: "content" });
  for (const key of ["npm-linux-3", "npm-darwin-1", "npm-darwin-2", "cargo-1"]) cache.addKey(key, [manifest]);
  utimesSync(cache.keyPath("npm-linux-3"), 1, 1);
  const { keyCount, nearest } = explainMiss(cache.directory, ["npm-linux-1", "yarn"]);
  expect(keyCount).toBe(5);
  const keys = nearest.map(({ key }) => key);
  expect(keys.slice(0, 2).toSorted()).toEqual(["npm-linux-2", "npm-linux-3"]);
  expect(keys[2]).toStartWith("npm-darwin-");
  expect(keys).toHaveLength(3);
  expect(explainMiss(cache.directory, ["go-1"])).toEqual({ keyCount: 5, nearest: [] });
});

test("a key whose entry cannot be used is no alternative", () => {
  const cache = new HandMadeCache(scratch);
  cache.addEntry("npm-1", { f: "content" });
  expect(explainMiss(cache.directory, ["npm-1"], ["npm-1"])).toEqual({ keyCount: 0, nearest: [] });
});
