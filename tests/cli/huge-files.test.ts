import { expect } from "bun:test";
import { closeSync, ftruncateSync, mkdirSync, openSync, readdirSync, writeSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { stoppedEarly } from "../support/stopped-early.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

const HUGE_BYTES = 128 * 1024 * 1024;
const PART_COUNT = 100;

/** Parts with holes between them, each of which is copied by a call of its own. */
function makeHugeFile(directory: string): void {
  mkdirSync(directory);
  const descriptor = openSync(`${directory}/huge`, "wx");
  ftruncateSync(descriptor, HUGE_BYTES);
  for (let part = 0; part < PART_COUNT; part++) {
    writeSync(descriptor, `part ${part}`, Math.floor((part * HUGE_BYTES) / PART_COUNT));
  }
  closeSync(descriptor);
}

testWith(["strace"], "asked to end while a huge file is copied, it stops in the middle", async () => {
  makeHugeFile(scratch.path("tree"));
  const parent = scratch.directory("parent");
  const trace = scratch.path("trace");
  cache.store("other", "tree", "--storage", "objects", "--link", "hard");
  const commands = [
    cache.restoreWords("other", "parent/tree", "--link", "copy"),
    cache.storeWords("key", "tree", "--storage", "objects", "--link", "copy"),
  ];
  for (const words of commands) {
    const stopped = await stoppedEarly(words, "copy_file_range", trace, /copy_file_range\(/);
    expect(stopped).toMatchObject({ exitCode: 143, stdout: "" });
    expect(stopped.callCount).toBeLessThan(PART_COUNT / 2);
    expect(readdirSync(parent)).toEqual([]);
    expect(cache.sessions()).toEqual([]);
  }
});
