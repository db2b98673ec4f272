import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TestCache } from "../support/cache.ts";
import { btdt } from "../support/executable.ts";
import { mountTmpfs } from "../support/mounts.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

const PAGE = join(import.meta.dir, "..", "..", "docs", "concurrency.md");

/** The most calls of each command that the page states. */
function statedCalls(): Record<string, number> {
  const table =
    readFileSync(PAGE, "utf8").split("| command | calls |\n| --- | --- |\n")[1]?.split("\n\n")[0] ?? "";
  return Object.fromEntries(
    [...table.matchAll(/^\| (.+) \| (\d+) \|$/gm)].map(([, command = "", calls]) => [command, Number(calls)]),
  );
}

/** Those that reach the cache directory, except for closing, and examining what is already open. */
function countCalls(words: readonly string[], exitCode: number): number {
  const trace = scratch.path("trace");
  const through = ["strace", "-f", "-y", "-qq", "-s", "0", "-o", trace];
  const calls = ["-e", "trace=%file,%desc,fsync,syncfs,flock"];
  expect(btdt(words, { through: [...through, ...calls] })).toMatchObject({ exitCode });
  const lines = readFileSync(trace, "utf8").split("\n");
  // A call during which another thread made one has two lines.
  const uncounted = /^\d+ +(?:execve|close|mmap)\(|AT_EMPTY_PATH|^\d+ +<\.\.\. \w+ resumed>/;
  return lines.filter((line) => line.includes(cache.path) && !uncounted.test(line)).length;
}

testWith(["strace", "mount"], "no command takes more calls than its page says, nor many fewer", () => {
  makeTree(scratch.path("tree"), dir({ file: file("content") }));
  const other = mountTmpfs(scratch, "other");
  const store = cache.storeWords("key", "tree", "--storage", "packs");
  const calls: readonly (readonly [string, readonly string[], number?])[] = [
    ["first store as packs", store],
    ["store that finds everything in packs", store],
    [
      "restore from packs to another file system",
      ["restore", "-c", cache.path, "-k", "key", join(other, "to")],
    ],
    ["list", ["list", "-c", cache.path]],
    ["list --sizes", ["list", "--sizes", "-c", cache.path]],
    ["miss", ["restore", "-c", cache.path, "-k", "none", join(other, "none")], 4],
    ["clean that evicts the entry", ["clean", "-c", cache.path, "--max-size", "0"]],
  ];
  const counted = calls.map(
    ([command, words, exitCode = 0]) => [command, countCalls(words, exitCode)] as const,
  );
  const stated = statedCalls();
  expect(Object.keys(stated)).toEqual(counted.map(([command]) => command));
  for (const [command, count] of counted) {
    const most = stated[command] ?? 0;
    expect({ command, count, isWithin: count <= most && count >= 0.8 * most }).toEqual({
      command,
      count,
      isWithin: true,
    });
  }
});
