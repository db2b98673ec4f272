import { expect, test } from "bun:test";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TestCache } from "../support/cache.ts";
import { btdt, must } from "../support/executable.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

/** A tree with a file whose path is longer than the system takes, and one whose path is not. */
function makeDeepTree(): string {
  const root = scratch.path("tree");
  // Below, the last directory that fits is short enough for a restore, which needs some bytes more.
  const half = Array.from({ length: 9 }, () => "d".repeat(250)).join("/");
  const otherHalf = Array.from({ length: 9 }, () => "d".repeat(240)).join("/");
  mkdirSync(join(root, half), { recursive: true });
  writeFileSync(join(root, "ok"), "ok");
  mkdirSync(join(scratch.path("below"), otherHalf), { recursive: true });
  writeFileSync(join(scratch.path("below"), otherHalf, "file"), "deep");
  renameSync(scratch.path("below"), join(root, half, "below"));
  return root;
}

for (const storage of ["objects", "packs"]) {
  test(`a path that is too long for the system is an error of one short line, or left out of ${storage}`, () => {
    const root = makeDeepTree();
    const words = cache.storeWords("key", "tree", "--storage", storage);
    const refused = btdt(words);
    expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
    expect(refused.stderr).toMatch(/^btdt: error: [^\n]*…[^\n]* \([^\n]*--skip-unreadable\)\n$/);
    expect(refused.stderr.length).toBeLessThan(1000);
    const stored = btdt([...words, "--skip-unreadable"]);
    expect(stored.exitCode).toBe(0);
    expect(stored.stderr).toMatch(/^btdt: warning: left out what could not be read: [^\n]*…[^\n]*\n/);
    expect(stored.stderr.length).toBeLessThan(1000);
    expect(cache.restore("key", "to").exitCode).toBe(0);
    expect(must(["cat", scratch.path("to", "ok")])).toBe("ok");
    must(["rm", "-rf", root]);
  });
}
