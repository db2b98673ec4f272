import { expect } from "bun:test";
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { TestCache } from "../support/cache.ts";
import { finishedOf, startBtdt } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { stoppedEarly } from "../support/stopped-early.ts";
import { injecting } from "../support/trace.ts";

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

/** Other bytes, with the size and the time that the file had. */
function damage(path: string): void {
  const { mtime } = statSync(path);
  const descriptor = openSync(path, "r+");
  writeSync(descriptor, "damaged", 0);
  closeSync(descriptor);
  utimesSync(path, mtime, mtime);
}

testWith(
  ["strace"],
  "asked to end while a damaged huge object is about to be dropped, it keeps it",
  async () => {
    makeHugeFile(scratch.path("tree"));
    utimesSync(scratch.path("tree", "huge"), 1_600_000_000, 1_600_000_000);
    cache.store("key", "tree", "--storage", "objects", "--link", "copy");
    const [object = ""] = cache.objects();
    damage(cache.below("objects", object));
    for (const words of [
      cache.restoreWords("key", "to", "--verify"),
      ["verify", "-c", cache.path, "--repair"],
    ]) {
      // It takes the lock right before it hashes the object once more.
      const lock = { calls: "flock", what: "signal=TERM:when=1", path: cache.below("lock") };
      const { exitCode } = await finishedOf(startBtdt(words, { through: injecting(lock) }));
      expect({ words, exitCode }).toEqual({ words, exitCode: 143 });
      expect(cache.objects()).toEqual([object]);
      expect(cache.sessions()).toEqual([]);
    }
    expect(cache.restore("key", "to", "--verify").exitCode).toBe(4);
    expect(cache.objects()).toEqual([]);
  },
);
