import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { TestCache } from "../support/cache.ts";
import { differences, snapshotTree } from "../support/compare-trees.ts";
import { btdt, must } from "../support/executable.ts";
import { FIRST_MANIFEST, FIRST_MANIFEST_DIGEST, FIRST_OBJECT } from "../support/first-format.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

function prepare(): void {
  makeTree(scratch.path("tree"), dir({ a: file("a") }));
  cache.store("key", "tree");
}

/** A newer format is nobody's miss: to go on would be to destroy what a newer btdt needs. */
function expectRefusal(commands: readonly (readonly string[])[], expected: string): void {
  const before = snapshotTree(cache.path);
  for (const words of commands) {
    const { exitCode, stdout, stderr } = btdt(words);
    expect({ words, exitCode, stdout }).toEqual({ words, exitCode: 1, stdout: "" });
    expect(stderr).toContain(expected);
    expect(stderr).toMatch(
      /\(use (that version of btdt|the btdt version that wrote the cache), or another cache directory/,
    );
    expect(stderr).not.toContain("bug in btdt");
  }
  // Sessions come and go; nothing else may have moved.
  const changed = differences(before, snapshotTree(cache.path));
  expect(
    changed.filter((line) => !/^btdt-v1\/(sessions|lock)?:? ?/.test(line) || line.includes("missing")),
  ).toEqual([]);
}

const everyCommand = (): string[][] => [
  cache.storeWords("key", "tree"),
  cache.restoreWords("key", "to"),
  ["clean", "-c", cache.path, "--max-size", "0"],
  ["clean", "-c", cache.path, "--dry-run"],
];

test("the cache's own format file", () => {
  prepare();
  writeFileSync(cache.below("format"), "btdt cache format 2\n");
  expectRefusal(everyCommand(), "newer btdt (format 2)");
  writeFileSync(cache.below("format"), "btdt cache format 1000\nand more\n");
  expectRefusal(everyCommand(), "newer btdt (format 1000)");
});

test("a directory of a later version alone", () => {
  prepare();
  rmSync(cache.below(), { recursive: true });
  mkdirSync(`${cache.path}/btdt-v2`);
  expectRefusal(everyCommand(), "newer btdt (btdt-v2)");
});

test("both versions side by side do not affect each other", () => {
  prepare();
  mkdirSync(`${cache.path}/btdt-v2`);
  expect(cache.restore("key", "to").exitCode).toBe(0);
  expect(cache.clean().exitCode).toBe(0);
});

test("a key file", () => {
  prepare();
  const path = cache.below("keys", "key");
  const json = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  writeFileSync(path, JSON.stringify({ ...json, format: 2, added: true }));
  expectRefusal(
    [cache.restoreWords("key", "to"), ["clean", "-c", cache.path, "--max-size", "0"]],
    "format 2",
  );
  expect(cache.restore("other,none", "to").exitCode).toBe(4);
});

test("a manifest", () => {
  prepare();
  const keyPath = cache.below("keys", "key");
  const json = JSON.parse(readFileSync(keyPath, "utf8"));
  const { manifest } = json.trees[0];
  const bytes = readFileSync(cache.below("manifests", manifest.slice(0, 2), manifest));
  bytes.writeUInt32LE(3, 8);
  const digest = new Bun.SHA256().update(bytes).digest("hex");
  mkdirSync(cache.below("manifests", digest.slice(0, 2)), { recursive: true });
  writeFileSync(cache.below("manifests", digest.slice(0, 2), digest), bytes);
  writeFileSync(keyPath, JSON.stringify({ ...json, trees: [{ ...json.trees[0], manifest: digest }] }));
  expectRefusal(
    [cache.restoreWords("key", "to"), ["clean", "-c", cache.path, "--max-size", "0"]],
    "format 3",
  );
});

test("an entry of the first version is restored, and stored again with the same manifest", () => {
  prepare();
  const shard = FIRST_MANIFEST_DIGEST.slice(0, 2);
  mkdirSync(cache.below("manifests", shard), { recursive: true });
  writeFileSync(cache.below("manifests", shard, FIRST_MANIFEST_DIGEST), FIRST_MANIFEST);
  const object = cache.below("objects", FIRST_OBJECT.slice(0, 2), FIRST_OBJECT);
  mkdirSync(dirname(object), { recursive: true });
  writeFileSync(object, "hello\n");
  chmodSync(object, 0o644);
  must(["touch", "-d", "@1700000000.000000005", object]);
  const tree = { manifest: FIRST_MANIFEST_DIGEST, fileCount: 2, contentBytes: 12 };
  const record = { format: 1, key: "first", storedAt: "2026-01-31T12:00:00.000Z", trees: [tree] };
  writeFileSync(cache.below("keys", "first"), JSON.stringify(record));

  expect(cache.restore("first", "to", "--verify").exitCode).toBe(0);
  expect(readdirSync(scratch.path("to")).toSorted()).toEqual(["bin", "data.txt", "link", "more.txt"]);
  expect(readFileSync(scratch.path("to", "more.txt"), "utf8")).toBe("hello\n");
  const manifests = cache.manifests();
  cache.store("again", "to");
  expect(cache.manifests()).toEqual(manifests);
  expect(cache.clean().exitCode).toBe(0);
  expect(cache.keys()).toEqual(["again", "first", "key"]);
});

test("an invalid format file is an error that says what to do", () => {
  prepare();
  for (const content of ["", "something else\n", "btdt cache format x\n"]) {
    writeFileSync(cache.below("format"), content);
    const { exitCode, stderr } = cache.restore("key", "to");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("format was not written by btdt");
  }
});

test("a cache whose own directory is a file, or a symlink to nowhere", () => {
  scratch.directory("cache");
  makeTree(scratch.path("tree"), dir({ a: file("a") }));
  writeFileSync(cache.below(), "a file");
  for (const words of everyCommand().slice(0, 3)) {
    const { exitCode, stderr } = btdt(words);
    expect({ words, exitCode }).toEqual({ words, exitCode: 1 });
    expect(stderr).not.toContain("bug in btdt");
  }
  expect(readFileSync(cache.below(), "utf8")).toBe("a file");
});
