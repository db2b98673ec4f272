import { expect, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { readBootId } from "../../src/fs/boot-id.ts";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { btdt, must } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
// These trees share everything, so that what happens to links happens to them.
const cache = new TestCache(scratch, "--link", "hard");

const OTHER_BOOT = "0123456789abcdef0123456789abcdef";
const SESSION = "11111111-2222-4333-8444-555555555555";

const marks = (): string[] => readdirSync(cache.below("unflushed"));

/** Makes the objects of the only manifest look as if a boot had not flushed them. */
function leaveMark(bootId = OTHER_BOOT): void {
  const [manifest = ""] = cache.manifests();
  const digest = manifest.slice(manifest.indexOf("/") + 1);
  copyFileSync(
    cache.below("manifests", manifest),
    cache.below("unflushed", `${bootId}-${SESSION}-${digest}`),
  );
}

/** What ext4 may make of a file in a power cut: zeros, with the size and the time that it had. */
function loseBytes(): void {
  const [object = ""] = cache.objects();
  const path = cache.below("objects", object);
  const { size } = lstatSync(path);
  must(["touch", "-r", path, scratch.path("time")]);
  writeFileSync(path, new Uint8Array(size));
  must(["touch", "-r", scratch.path("time"), path]);
}

function storeTwoFiles(): void {
  makeTree(scratch.path("tree"), dir({ one: file("one\n".repeat(5000)), two: file("two\n".repeat(5000)) }));
  must(["cp", "-a", scratch.path("tree"), scratch.path("safe")]);
  cache.store("key", "tree");
}

test("a store with a flush leaves no mark", () => {
  storeTwoFiles();
  expect(marks()).toEqual([]);
});

test("objects that another boot did not flush are hashed by the next restore, once", () => {
  storeTwoFiles();
  leaveMark();
  expect(cache.restore("key", "restored").exitCode).toBe(0);
  expect(compareTrees(scratch.path("safe"), scratch.path("restored"))).toEqual([]);
  expect(marks()).toEqual([]);
});

/** Runs a command with another amount of data that the kernel has not written. */
function withUnwritten(kibibytes: number): string[] {
  const memory = readFileSync("/proc/meminfo", "utf8");
  writeFileSync(
    scratch.path("meminfo"),
    memory.replace(/^Dirty: .*$/m, `Dirty: ${kibibytes} kB`).replace(/^Writeback: .*$/m, "Writeback: 0 kB"),
  );
  const script = 'mount --bind "$0" /proc/meminfo && exec "$@"';
  return ["unshare", "-m", "sh", "-c", script, scratch.path("meminfo")];
}

testWith(
  ["mount", "unshare"],
  "objects that this boot did not flush are hashed, and their mark is cleared once a flush is cheap",
  () => {
    storeTwoFiles();
    leaveMark(readBootId());
    const restore = (kibibytes: number) =>
      btdt(cache.restoreWords("key", "restored"), { through: withUnwritten(kibibytes) });
    expect(restore(1_000_000).exitCode).toBe(0);
    expect(marks()).toHaveLength(1);
    rmSync(scratch.path("restored"), { recursive: true });
    expect(restore(1000).exitCode).toBe(0);
    expect(compareTrees(scratch.path("safe"), scratch.path("restored"))).toEqual([]);
    expect(marks()).toEqual([]);
  },
);

test("one that lost bytes makes the entry a miss and is dropped; the path is still linked afterwards", () => {
  storeTwoFiles();
  leaveMark();
  loseBytes();
  const missed = cache.restore("key", "restored");
  expect(missed).toMatchObject({ exitCode: 4, stdout: "" });
  expect(missed.stderr).toContain("lost data in a power cut");
  expect(existsSync(scratch.path("restored"))).toBe(false);
  expect(cache.objects()).toHaveLength(1);
  cache.store("key", "safe");
  expect(cache.restore("key", "restored").stderr).toContain("2 linked");
  expect(compareTrees(scratch.path("safe"), scratch.path("restored"))).toEqual([]);
});

test("a store replaces one that lost its bytes instead of reusing it", () => {
  storeTwoFiles();
  leaveMark();
  loseBytes();
  expect(cache.store("again", "safe").stderr).toContain("1 linked, 1 reused");
  expect(cache.restore("again", "restored").exitCode).toBe(0);
  expect(compareTrees(scratch.path("safe"), scratch.path("restored"))).toEqual([]);
});

test("a store as packs does not count on it", () => {
  storeTwoFiles();
  leaveMark();
  loseBytes();
  cache.store("packed", "safe", "--storage", "packs");
  expect(cache.restore("packed", "restored").exitCode).toBe(0);
  expect(compareTrees(scratch.path("safe"), scratch.path("restored"))).toEqual([]);
});

test("a restore into a tree that is linked to it does not take it for unchanged", () => {
  storeTwoFiles();
  expect(cache.restore("key", "restored").exitCode).toBe(0);
  leaveMark();
  loseBytes();
  expect(cache.restore("key", "restored").exitCode).toBe(4);
});

test("a clean drops it, says so, and settles what was in doubt", () => {
  storeTwoFiles();
  leaveMark();
  loseBytes();
  const cleaned = cache.clean();
  expect(cleaned.exitCode).toBe(0);
  expect(cleaned.stderr).toContain("1 object lost data in a power cut and will not be used");
  expect(marks()).toEqual([]);
  expect(cache.restore("key", "restored").exitCode).toBe(4);
});

test("a mark that cannot be read makes every object suspect, and a foreign file none", () => {
  storeTwoFiles();
  writeFileSync(cache.below("unflushed", "README"), "not a mark");
  expect(cache.restore("key", "first").exitCode).toBe(0);
  writeFileSync(cache.below("unflushed", `${OTHER_BOOT}-${SESSION}-${"0".repeat(64)}`), "not a manifest");
  loseBytes();
  expect(cache.restore("key", "second").exitCode).toBe(4);
});

test("a cache of an earlier version has no marks, and gets a place for them", () => {
  storeTwoFiles();
  must(["rmdir", cache.below("unflushed")]);
  expect(cache.restore("key", "restored").exitCode).toBe(0);
  cache.store("again", "tree");
  expect(marks()).toEqual([]);
});

test("what was edited through a link is not taken for lost by a clean, and a restore remembers it", () => {
  storeTwoFiles();
  leaveMark();
  // Of the same size, and later than the object's time.
  writeFileSync(scratch.path("tree", "one"), "eno\n".repeat(5000));
  expect(cache.clean()).toMatchObject({ exitCode: 0, stderr: "" });
  expect(cache.objects()).toHaveLength(2);
  const missed = cache.restore("key", "restored");
  expect(missed.exitCode).toBe(4);
  expect(missed.stderr).toContain("one was changed through a hard link; it will be copied from now on");
});
