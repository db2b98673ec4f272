import { expect, test } from "bun:test";
import { mkdirSync, readdirSync } from "node:fs";
import { openCache } from "../../../src/cache/open-cache.ts";
import { markDamagedBlock } from "../../../src/packs/contents/pack-directory.ts";
import { Scratch } from "../../support/scratch.ts";

const scratch = Scratch.use();

test("a damaged block is marked once, and not in a pack that a clean has deleted meanwhile", () => {
  const cache = openCache(scratch.directory("cache"), false);
  const [packs, name] = [scratch.directory("cache", "btdt-v1", "packs"), "0".repeat(64)];
  markDamagedBlock(cache, name, 3);
  expect(readdirSync(packs)).toEqual([]);
  mkdirSync(`${packs}/${name}`);
  for (let round = 0; round < 2; round++) markDamagedBlock(cache, name, 3);
  expect(readdirSync(`${packs}/${name}`)).toEqual(["damaged-3"]);
});
