import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { bytesFromText } from "../../src/base/byte-string.ts";
import { makeShardsAhead, makeShardsJob } from "../../src/objects/make-shards-job.ts";
import { InlineRunner } from "../../src/work/inline-runner.ts";
import type { Job, Runner } from "../../src/work/job.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();
const fast = new InlineRunner({ isCancelled: () => false });
const unhurried = { isCancelled: () => false, isOverdue: () => false, mayTakeLong: true };
const slow: Runner = Object.assign(new InlineRunner(unhurried), {
  isVolumeSlow: true,
  run: async <Input, Output>(job: Job<Input, Output>, input: Input) => job.run(input, unhurried),
});

test("all shards are made on a slow volume, for those who may use the directory, if many are needed", async () => {
  const path = scratch.freshDirectory();
  const objects = bytesFromText(path);
  await makeShardsAhead(objects, 999, slow);
  await makeShardsAhead(objects, 1000, fast);
  expect(readdirSync(path)).toEqual([]);
  mkdirSync(join(path, "7f"), { mode: 0o700 });
  await makeShardsAhead(objects, 1000, slow);
  const shards = readdirSync(path).toSorted();
  expect([shards.length, shards[0], shards[255]]).toEqual([256, "00", "ff"]);
  expect(statSync(join(path, "00")).mode).toBe(statSync(path).mode);
  expect(statSync(join(path, "7f")).mode & 0o777).toBe(0o700);
});

test("what it cannot make, and what it does not get to, is left to those who need it", async () => {
  await makeShardsAhead(bytesFromText(scratch.path("none")), 1000, slow);
  const path = scratch.freshDirectory();
  const context = { ...unhurried, isOverdue: () => true, mayTakeLong: false };
  makeShardsJob.run({ objects: bytesFromText(path) }, context);
  makeShardsJob.run({ objects: bytesFromText(path) }, { ...context, isCancelled: () => true });
  expect(readdirSync(path)).toEqual([]);
  makeShardsJob.run({ objects: bytesFromText(path) }, { ...context, mayTakeLong: true });
  expect(readdirSync(path)).toHaveLength(256);
});
