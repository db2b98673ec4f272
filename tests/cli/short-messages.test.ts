import { expect, test } from "bun:test";
import { appendFileSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { BTDT, btdt, must, run } from "../support/executable.ts";
import { mountTmpfs } from "../support/mounts.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree, type TreeNode } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);
const MOST_BYTES = 2048;
const MANY = 2000;

test("many pipes, to store or in an archive, are one warning", () => {
  makeTree(scratch.path("tree"), dir({ x: file("x") }));
  must(["sh", "-c", `seq ${MANY} | sed 's/^/p/' | xargs mkfifo`], { cwd: scratch.path("tree") });
  const stored = cache.store("k", "tree");
  expect(stored.stderr).toContain(
    `skipped ${scratch.path("tree", "p1")} and 1,999 more in its directory: they are sockets, pipes or devices\n`,
  );
  expect(stored.stderr.length).toBeLessThan(MOST_BYTES);
  must(["tar", "-cf", scratch.path("archive.tar"), "tree"], { cwd: scratch.path() });
  const imported = btdt(["import", "-c", cache.path, "-k", "imported", scratch.path("archive.tar")]);
  expect(imported.exitCode).toBe(0);
  expect(imported.stderr).toContain("and 1,999 more: neither a file, a directory nor a link\n");
  expect(imported.stderr.length).toBeLessThan(MOST_BYTES);
});

test("one, two or many edited files are one sentence", () => {
  for (const [count, sentence] of [
    [1, "f0 was changed through a hard link"],
    [2, "f0 and one other file were changed through a hard link"],
    [MANY, "f0 and 1,999 other files were changed through a hard link"],
  ] as const) {
    const files = Array.from({ length: count }, (_, index): [string, TreeNode] => [`f${index}`, file("x")]);
    const name = `tree-${count}`;
    makeTree(scratch.path(name), dir(Object.fromEntries(files)));
    // A new cache each time, because an edited path is copied from then on.
    must(["rm", "-rf", cache.path]);
    cache.store("k", name, "--link", "hard");
    for (const [path] of files) appendFileSync(scratch.path(name, path), "!");
    const missed = cache.restore("k", "to");
    expect(missed.exitCode).toBe(4);
    expect(missed.stderr).toContain(sentence);
    expect(missed.stderr.length).toBeLessThan(MOST_BYTES);
  }
});

testWith(["mount"], "an export to a full file system is one line that names the output", () => {
  makeTree(scratch.path("tree"), dir({ random: file(crypto.getRandomValues(new Uint8Array(60_000))) }));
  cache.store("k", "tree");
  const full = mountTmpfs(scratch, "full", "16k");
  for (const format of ["tar", "tar.gz", "tar.zst", "zip"]) {
    const words = [BTDT, "export", "-c", cache.path, "-k", "k", "--format", format];
    const exported = run(["sh", "-c", `exec "$@" > '${full}/${format}'`, "sh", ...words]);
    must(["rm", `${full}/${format}`]);
    expect({ format, ...exported }).toEqual({
      format,
      exitCode: 1,
      stdout: "",
      stderr: "btdt: error: cannot write to standard output: no space left on the device\n",
    });
  }
});
