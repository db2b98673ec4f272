import { expect } from "bun:test";
import { appendFileSync, closeSync, openSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { compareTrees } from "../support/compare-trees.ts";
import { btdt } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { stoppedAt } from "../support/trace.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();

/**
 * Stores a tree and changes a file in it when btdt has done one of `calls` with that file: it is read again, and the
 * entry is what the tree is by then.
 */
async function expectReread(calls: string, change: (path: string) => void): Promise<void> {
  const path = scratch.path("tree", "sub", "changing");
  const cache = scratch.directory("cache");
  const words = ["store", "-c", cache, "-k", "key", scratch.path("tree")];
  const stored = await stoppedAt({ calls, path }, words, scratch.path("trace"), () => change(path));
  expect(stored).toMatchObject({ exitCode: 0, stdout: "" });
  expect(readdirSync(`${cache}/btdt-v1/sessions`)).toEqual([]);
  // What was announced of the first reading is not published.
  expect(manifestsOf(cache)).toHaveLength(1);
  expect(btdt(["restore", "-c", cache, "-k", "key", scratch.path("to")]).exitCode).toBe(0);
  expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
}

function manifestsOf(cache: string): string[] {
  const names = readdirSync(`${cache}/btdt-v1/manifests`, { recursive: true }).map(String);
  return names.filter((name) => name.includes("/"));
}

function makeSource(content: string | Uint8Array): void {
  makeTree(
    scratch.path("tree"),
    dir({ a: file("a"), sub: dir({ changing: file(content, { mtime: "@1000" }) }) }),
  );
}

testWith(["strace"], "a file that grows while it is read", async () => {
  makeSource("content");
  await expectReread("read,pread64", (path) => appendFileSync(path, "more"));
});

testWith(["strace"], "a file that shrinks while it is read", async () => {
  makeSource("content");
  await expectReread("read,pread64", (path) => writeFileSync(path, "c"));
});

const alterations: readonly (readonly [string, (path: string) => void])[] = [
  ["grows", (path) => appendFileSync(path, "more")],
  ["is cut off", (path) => writeFileSync(path, "c")],
];
for (const [what, alter] of alterations) {
  testWith(["strace"], `a large file that ${what} before it is mapped`, async () => {
    makeSource(Buffer.alloc(6 * 1024 * 1024, "text"));
    // The first of these calls comes before the lease is taken.
    await expectReread("fcntl", alter);
  });

  testWith(["strace"], `a large file that somebody writes, and that ${what} while it is read`, async () => {
    makeSource(Buffer.alloc(6 * 1024 * 1024, "text"));
    const writer = openSync(scratch.path("tree", "sub", "changing"), "r+");
    try {
      await expectReread("read,pread64", alter);
    } finally {
      closeSync(writer);
    }
  });
}

testWith(["strace"], "a file that is written after it was read, before it is linked", async () => {
  makeSource("content");
  await expectReread("close", (path) => appendFileSync(path, "more"));
});

testWith(["strace"], "a file that is replaced after it was read", async () => {
  makeSource("content");
  await expectReread("close", (path) => {
    writeFileSync(`${path}.new`, "another");
    renameSync(`${path}.new`, path);
  });
});

testWith(["strace"], "a file that is removed after it was read", async () => {
  makeSource("content");
  await expectReread("close", (path) => rmSync(path));
});
