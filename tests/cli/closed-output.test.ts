import { beforeEach, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { BTDT, must, run } from "../support/executable.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

beforeEach(() => {
  makeTree(scratch.path("tree"), dir({ f: file("f") }));
  cache.store("key", "tree");
  must(["mkfifo", scratch.path("pipe")]);
});

/** Runs btdt with a pipe as stdout whose reader has gone: opened for both, then only the writing end is kept. */
function withoutReader(words: readonly string[]) {
  const script = 'pipe=$1; shift; exec 3<>"$pipe" 4>"$pipe" 3>&-; exec "$@" >&4';
  return run(["sh", "-c", script, "sh", scratch.path("pipe"), BTDT, ...words]);
}

test("a reader that has gone ends what only prints, with success and in silence", () => {
  const where = ["-c", cache.path];
  for (const words of [
    ["list", ...where],
    ["list", ...where, "--json"],
    ["inspect", ...where, "-q", "key"],
    ["inspect", ...where, "-q", "--json", "key"],
    ["stats", ...where],
    ["stats", ...where, "--prometheus"],
    ["hash", scratch.path("tree")],
    ["completion", "bash"],
    ["--help"],
    ["help", "store"],
    ["--version"],
    ["export", ...where, "-k", "key", "--format", "tar"],
    ["export", ...where, "-k", "key", "--format", "tar.gz"],
    ["export", ...where, "-k", "key", "--format", "tar.zst"],
    ["export", ...where, "-k", "key", "--format", "zip"],
  ])
    expect({ words, ...withoutReader(words) }).toEqual({ words, exitCode: 0, stdout: "", stderr: "" });
});

test("what was asked for is done without a reader, too, and errors and misses keep their exit codes", () => {
  const restored = withoutReader(["restore", "-q", "-c", cache.path, "-k", "key", scratch.path("to")]);
  expect(restored).toEqual({ exitCode: 0, stdout: "", stderr: "" });
  expect(existsSync(scratch.path("to", "f"))).toBe(true);
  const fallback = ["restore", "-q", "-c", cache.path, "-k", "none,key", scratch.path("fallback")];
  expect(withoutReader(fallback).exitCode).toBe(3);
  expect(withoutReader(["inspect", "-c", cache.path, "none", "--json"]).exitCode).toBe(
    run([BTDT, "inspect", "-c", cache.path, "none", "--json"]).exitCode,
  );
  expect(withoutReader(["delete", "-c", cache.path, "key"]).exitCode).toBe(0);
  expect(cache.keys()).toEqual([]);
});
