import { expect, test } from "bun:test";
import { TestCache } from "../support/cache.ts";
import { btdt, run } from "../support/executable.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

test("with --quiet, no command that does what it should writes to stderr", () => {
  makeTree(scratch.path("tree"), dir({ f: file("f") }));
  run(["tar", "-cf", scratch.path("tree.tar"), "-C", scratch.path("tree"), "."]);
  const where = ["-c", cache.path];
  const commands: readonly (readonly [string, ...string[]])[] = [
    ["hash", scratch.path("tree")],
    ["key", "a"],
    ["store", ...where, "--create-cache", "-k", "key,other", scratch.path("tree")],
    ["store", ...where, "-k", "key", "--dry-run", scratch.path("tree")],
    ["store", ...where, "-k", "packed", "--storage", "packs", scratch.path("tree")],
    ["restore", ...where, "-k", "key", scratch.path("to")],
    ["restore", ...where, "-k", "key", "--verify", "--exact", scratch.path("to")],
    ["lookup", ...where, "-k", "key"],
    ["run", ...where, "-k", "key", scratch.path("tree"), "--", "true"],
    ["export", ...where, "-k", "key"],
    ["import", ...where, "-k", "imported", scratch.path("tree.tar")],
    ["list", ...where],
    ["list", ...where, "--prefix", "none"],
    ["inspect", ...where, "key"],
    ["inspect", ...where, "key", "--diff", "other"],
    ["pin", ...where, "key"],
    ["unpin", ...where, "key"],
    ["verify", ...where],
    ["verify", ...where, "--repair"],
    ["stats", ...where],
    ["report", ...where],
    ["doctor", ...where, scratch.path("tree")],
    ["delete", ...where, "--dry-run", "other"],
    ["delete", ...where, "other"],
    ["clean", ...where, "--dry-run", "--max-size", "0"],
    ["clean", ...where, "--max-size", "0"],
    ["version"],
    ["completion", "bash"],
  ];
  for (const [command, ...rest] of commands) {
    const { exitCode, stderr } = btdt([command, "--quiet", ...rest]);
    expect({ command, rest, exitCode, stderr }).toEqual({ command, rest, exitCode: 0, stderr: "" });
  }
});
