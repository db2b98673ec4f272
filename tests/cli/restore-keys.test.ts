import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { btdt } from "../support/executable.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

function storeAll(...keys: string[]): void {
  for (const key of keys) {
    makeTree(scratch.path(key), dir({ content: file(key) }));
    cache.store(key, key);
  }
}

test("the first key found wins, and the exit status says which it was", () => {
  storeAll("a", "b", "c");
  for (const [keys, key, exitCode] of [
    ["a,b,c", "a", 0],
    ["b,a", "b", 0],
    ["x,b,a", "b", 3],
    ["x,y,c", "c", 3],
    ["a,a", "a", 0],
    [",a", "a", 0],
  ] as const) {
    const to = `to-${keys.replaceAll(",", "_")}`;
    const restored = cache.restore(keys, to);
    expect({ keys, exitCode: restored.exitCode, stdout: restored.stdout }).toEqual({
      keys,
      exitCode,
      stdout: `Restored key ${key}\n`,
    });
    expect(readFileSync(scratch.path(to, "content"), "utf8")).toBe(key);
    expect(restored.stderr).toMatch(/^btdt: restored 1 file, 1 B: 1 copied in \d+\.\d s\n$/);
  }
});

test("no key is a miss: status 4, a line on stderr, nothing created", () => {
  storeAll("a");
  expect(cache.restore("x,y", "to")).toEqual({
    exitCode: 4,
    stdout: "",
    stderr:
      "Keys not found in cache.\nbtdt: no entry for x, y\nbtdt: the cache has 1 key, none with a similar name\n",
  });
  expect(existsSync(scratch.path("to"))).toBe(false);
});

test("--success-rc-on-any-key turns 3 into 0, but not a miss", () => {
  storeAll("a");
  expect(cache.restore("x,a", "to", "--success-rc-on-any-key").exitCode).toBe(0);
  expect(cache.restore("x", "to2", "--success-rc-on-any-key").exitCode).toBe(4);
});

test("an empty cache is a miss and stays empty", () => {
  scratch.directory("cache");
  expect(cache.restore("x", "to")).toEqual({
    exitCode: 4,
    stdout: "",
    stderr: "Keys not found in cache.\nbtdt: no entry for x\nbtdt: the cache is empty\n",
  });
  expect(existsSync(cache.below())).toBe(false);
});

test("a cache that is missing or invalid is an error that says what to do", () => {
  makeTree(scratch.path("file"), file("x"));
  for (const command of [["store", "-k", "k"], ["restore", "-k", "k"], ["clean"]]) {
    const [name = "", ...options] = command;
    const path = name === "clean" ? [] : [scratch.path("file")];
    const missing = btdt([name, "-c", scratch.path("no", "cache"), ...options, ...path]);
    expect({ name, exitCode: missing.exitCode, stdout: missing.stdout }).toEqual({
      name,
      exitCode: 1,
      stdout: "",
    });
    expect(missing.stderr).toContain(`${scratch.path("no", "cache")} does not exist`);
    expect(missing.stderr).toContain("mkdir -p");
    expect(missing.stderr).toContain("--create-cache");
    const isFile = btdt([name, "-c", scratch.path("file"), ...options, ...path]);
    expect(isFile.exitCode).toBe(1);
    expect(isFile.stderr).toContain(`${scratch.path("file")} is not a directory`);
    expect(btdt([name, "-c", "", ...options, ...path]).exitCode).toBe(2);
  }
  expect(existsSync(scratch.path("no"))).toBe(false);
});

test("--create-cache creates it, including its parents", () => {
  makeTree(scratch.path("tree"), dir({ a: file("a") }));
  const path = scratch.path("deep", "er", "cache");
  const words = ["-c", path, "--create-cache", "-k", "k"];
  expect(btdt(["restore", ...words, scratch.path("to")]).exitCode).toBe(4);
  expect(btdt(["store", ...words, scratch.path("tree")]).exitCode).toBe(0);
  expect(btdt(["restore", ...words, scratch.path("to")]).exitCode).toBe(0);
  const { exitCode, stderr } = btdt([
    "store",
    "-c",
    scratch.path("tree", "a"),
    "--create-cache",
    "-k",
    "k",
    scratch.path("tree"),
  ]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain("is not a directory");
});
