import { expect, test } from "bun:test";
import { closeSync, ftruncateSync, mkdirSync, openSync, statSync, writeFileSync, writeSync } from "node:fs";
import { Archives } from "../support/archives.ts";
import { TestCache } from "../support/cache.ts";
import { must } from "../support/executable.ts";
import { allocatedBytesIn } from "../support/inodes.ts";
import { mountTmpfs } from "../support/mounts.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);
const archives = new Archives(scratch, cache);

const MEBIBYTE = 1024 * 1024;
/** 4 KiB of data for each of the two files, and what the file system adds. */
const MOST_BYTES = 2 * 64 * 1024;

/** A hole of 300 MiB with 4 KiB of data in the middle, and one of 1 MiB with some at the beginning. */
function makeSparseTree(): void {
  mkdirSync(scratch.path("tree"));
  for (const [name, sizeBytes, offset] of [
    ["large", 300 * MEBIBYTE, 150 * MEBIBYTE],
    ["small", MEBIBYTE, 0],
  ] as const) {
    const descriptor = openSync(scratch.path("tree", name), "wx");
    writeSync(descriptor, Buffer.alloc(4096, "data"), 0, undefined, offset);
    ftruncateSync(descriptor, sizeBytes);
    closeSync(descriptor);
  }
}

function expectSparse(path = scratch.path("to")): void {
  expect(statSync(`${path}/large`).size).toBe(300 * MEBIBYTE);
  expect(allocatedBytesIn(path)).toBeLessThanOrEqual(MOST_BYTES);
  must(["cmp", scratch.path("tree", "large"), `${path}/large`]);
  must(["cmp", scratch.path("tree", "small"), `${path}/small`]);
}

test("a hole of 300 MiB stays one when it is copied into the cache and out of it", () => {
  makeSparseTree();
  cache.store("key", "tree", "--link", "copy");
  expect(allocatedBytesIn(cache.below("objects"))).toBeLessThanOrEqual(MOST_BYTES);
  expect(cache.restore("key", "to", "--link", "copy").exitCode).toBe(0);
  expectSparse();
});

test("it becomes one again when it is unpacked, and as an object", () => {
  makeSparseTree();
  cache.store("key", "tree", "--storage", "packs");
  expect(cache.restore("key", "to").exitCode).toBe(0);
  expectSparse();
  expect(allocatedBytesIn(cache.below())).toBeLessThanOrEqual(16 * MEBIBYTE);
  expect(cache.restore("key", "again", "--link", "copy", "--verify").exitCode).toBe(0);
  expectSparse(scratch.path("again"));
});

for (const format of ["tar", "tar.gz", "zip"]) {
  test(`it becomes one again when a ${format} is imported`, () => {
    makeSparseTree();
    cache.store("k", "tree", "--storage", "packs");
    archives.export("archive", "--format", format);
    // With another storage: what is restored is what was unpacked from the archive.
    expect(archives.import("back", "archive", "--storage", "objects").exitCode).toBe(0);
    expect(cache.restore("back", "to", "--link", "copy").exitCode).toBe(0);
    expectSparse();
  });
}

testWith(["mount"], "it fits onto a disk that has no room for its zeros", () => {
  makeSparseTree();
  for (const storage of ["objects", "packs"]) {
    cache.store(storage, "tree", "--storage", storage);
    const disk = mountTmpfs(scratch, `disk-${storage}`, "4m");
    expect(cache.restore(storage, `disk-${storage}/to`).exitCode).toBe(0);
    expectSparse(`${disk}/to`);
  }
});

test("zeros that take space come back, with or without", () => {
  mkdirSync(scratch.path("tree"));
  writeFileSync(scratch.path("tree", "zeros"), new Uint8Array(5 * MEBIBYTE));
  for (const storage of ["objects", "packs"]) {
    cache.store(storage, "tree", "--storage", storage);
    expect(cache.restore(storage, storage, "--link", "copy").exitCode).toBe(0);
    must(["cmp", scratch.path("tree", "zeros"), scratch.path(storage, "zeros")]);
  }
});
