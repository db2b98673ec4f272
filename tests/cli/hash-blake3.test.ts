import { expect, test } from "bun:test";
import { symlinkSync, writeFileSync } from "node:fs";
import { createBLAKE3 } from "hash-wasm";
import { btdt, type Finished, must } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { injecting } from "../support/trace.ts";
import { dir, file, makeTree, symlink } from "../support/tree.ts";

const scratch = Scratch.use();

function hash(...paths: string[]): string {
  const finished = btdt(["hash", "--algorithm", "blake3", ...paths.map((path) => scratch.path(path))]);
  expect(finished).toMatchObject({ exitCode: 0, stderr: "" });
  return finished.stdout;
}

const blake3 = await createBLAKE3();
const hashed = (...parts: readonly (string | Uint8Array)[]): Buffer =>
  Buffer.from(
    blake3
      .init()
      .update(Buffer.concat(parts.map((part) => Buffer.from(part))))
      .digest("binary"),
  );

test("an empty file has the digest of the algorithm's own test vectors", () => {
  writeFileSync(scratch.path("empty"), "");
  expect(hash("empty")).toBe("af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262\n");
});

test.skipIf(Bun.which("b3sum") === null)("a file's digest is what b3sum prints (needs b3sum)", () => {
  // Lengths that cross the algorithm's chunks and btdt's reads.
  for (const length of [1, 1024, 1025, 1024 * 1024, 5 * 1024 * 1024 + 3]) {
    writeFileSync(scratch.path("file"), Buffer.alloc(length, "btdt"));
    expect(hash("file")).toBe(must(["b3sum", "--no-names", scratch.path("file")]));
  }
});

test("of a directory names and children count, in the names' order; symlinks are followed", () => {
  makeTree(
    scratch.path("tree"),
    dir({
      b: file("content"),
      "a.txt": file(""),
      sub: dir({ x: file("x") }),
      "\xff": file("y"),
      to: symlink("b"),
    }),
  );
  const sub = hashed(hashed("x"), hashed("x"));
  const expected = hashed(
    hashed("a.txt"),
    hashed(""),
    hashed("b"),
    hashed("content"),
    hashed("sub"),
    sub,
    hashed("to"),
    hashed("content"),
    hashed(Buffer.from([0xff])),
    hashed("y"),
  );
  expect(hash("tree")).toBe(`${expected.toString("hex")}\n`);
});

test("of several paths it is the hash of their hashes", () => {
  writeFileSync(scratch.path("a"), "1");
  writeFileSync(scratch.path("b"), "2");
  expect(hash("a", "b")).toBe(`${hashed(hashed("1"), hashed("2")).toString("hex")}\n`);
});

function run(algorithm: string, path: string): Finished {
  return btdt(["hash", "--algorithm", algorithm, path]);
}

test("what cannot be hashed is an error; an unknown algorithm is a usage error", () => {
  makeTree(scratch.path("tree"), dir({}));
  symlinkSync("../tree", scratch.path("tree", "loop"));
  expect(run("blake3", scratch.path("tree"))).toMatchObject({ exitCode: 1, stdout: "" });
  expect(run("blake3", scratch.path("tree")).stderr).toContain("symlink to a directory that contains it");
  expect(run("blake3", scratch.path("none")).stderr).toContain("no such file or directory");
  expect(run("blake3", "/dev/null").exitCode).toBe(1);
  expect(run("md5", scratch.path("tree"))).toMatchObject({ exitCode: 2, stdout: "" });
});

testWith(["strace"], "a signal is heard in the middle of a large file", () => {
  const large = scratch.path("large");
  must(["truncate", "-s", "64G", large]);
  const through = injecting({ calls: "read,pread64", what: "signal=TERM:when=5", path: large });
  expect(btdt(["hash", "--algorithm", "blake3", large], { through })).toEqual({
    exitCode: 143,
    stdout: "",
    stderr: "",
  });
});
