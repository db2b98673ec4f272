import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { btdt, type Finished } from "../support/executable.ts";
import { AS_NOBODY, testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);
const list = (...words: string[]) => btdt(["list", "-c", cache.path, ...words]);

interface Document {
  readonly entries: readonly Record<string, unknown>[];
}

function entriesOf(stdout: string): readonly Record<string, unknown>[] {
  return (JSON.parse(stdout) as Document).entries;
}

test("list reads only keys unless it is asked for more: it says the same but for sizes and damage", () => {
  makeTree(scratch.path("tree"), dir({ own: file("content") }));
  cache.store("npm-1,Cargo/1", "tree", "--pin");
  cache.store("npm-2", "tree");
  const complete = entriesOf(list("--json").stdout);
  expect(complete).toHaveLength(3);
  expect(complete[0]).toHaveProperty("sizeBytes");
  const expected = complete.map(({ sizeBytes: _size, freedBytes: _freed, ...others }) => others);
  expect(entriesOf(list("--no-sizes", "--json").stdout)).toEqual(expected);

  rmSync(cache.below("manifests"), { recursive: true });
  expect(list("--sizes").stdout).toContain("npm-2 (damaged)");
  const { exitCode, stdout, stderr } = list("--sort", "key");
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  const lines = stdout.trimEnd().split("\n");
  expect(lines[0]).toMatch(/^KEY +SIZE +FILES +STORED +USED$/);
  expect(lines.slice(1).map((line) => line.replace(/ {2}.*/, ""))).toEqual([
    "Cargo/1 (pinned)",
    "npm-1 (pinned)",
    "npm-2",
  ]);
  expect(list("--no-sizes", "--sort", "key").stdout).toBe(stdout);
  expect(list("--prefix", "npm-", "--limit", "1").stdout.trimEnd().split("\n")).toHaveLength(2);
});

test("--sort size goes by the total size of files, and with --sizes by what they take on disk", () => {
  makeTree(scratch.path("large"), dir({ zeros: file(Buffer.alloc(1_000_000)) }));
  makeTree(scratch.path("small"), dir({ noise: file(randomBytes(100_000)) }));
  for (const name of ["large", "small"]) cache.store(name, name, "--storage", "packs");
  const keysOf = (finished: Finished) =>
    finished.stdout
      .trimEnd()
      .split("\n")
      .slice(1)
      .map((line) => line.replace(/ .*/, ""));
  expect(keysOf(list("--sort", "size"))).toEqual(["large", "small"]);
  expect(list("--sort", "size").stdout).toMatch(/^large +977 KiB +1 /m);
  expect(keysOf(list("--sort", "size", "--sizes"))).toEqual(["small", "large"]);
});

test("damage cannot be told from keys alone: --damaged with --no-sizes is a usage error", () => {
  scratch.directory("cache");
  for (const words of [["--json"], []]) {
    const { exitCode, stderr } = list("--no-sizes", "--damaged", ...words);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("--damaged cannot be used with --no-sizes");
  }
});

test("without sizes too, a damaged key file is passed over and a foreign directory is named", () => {
  makeTree(scratch.path("tree"), dir({ own: file("content") }));
  cache.store("good", "tree");
  writeFileSync(cache.below("keys", "bad"), "not a key");
  mkdirSync(cache.below("keys", "foreign"));
  const { exitCode, stdout, stderr } = list();
  expect(exitCode).toBe(0);
  expect(stdout.trimEnd().split("\n")).toHaveLength(2);
  expect(stderr).toContain("foreign in the directory of keys is left alone");
});

testWith(["root"], "a key that cannot be read is named in a warning", () => {
  makeTree(scratch.path("tree"), dir({ own: file("content") }));
  cache.store("good,secret", "tree");
  chmodSync(scratch.path(), 0o755);
  chmodSync(cache.below("keys", "secret"), 0);
  const { exitCode, stdout, stderr } = btdt(["list", "-c", cache.path], { through: AS_NOBODY });
  expect(exitCode).toBe(0);
  expect(stdout).toContain("good");
  expect(stderr).toContain("cannot read the key file secret");
});
