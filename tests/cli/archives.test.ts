import { describe, expect, test } from "bun:test";
import { Archives, archivedTree } from "../support/archives.ts";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { BTDT, btdt, must } from "../support/executable.ts";
import { Scratch } from "../support/scratch.ts";
import { makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);
const archives = new Archives(scratch, cache);

for (const storage of ["objects", "packs"]) {
  for (const format of ["tar", "tar.gz", "tar.zst", "zip"]) {
    test(`there and back: ${storage}, ${format}`, () => {
      makeTree(scratch.path("from"), archivedTree());
      cache.store("k", "from", "--storage", storage);
      archives.export("archive", "--format", format);
      expect(archives.import("back", "archive")).toMatchObject({ exitCode: 0 });
      expect(cache.restore("back", "to").exitCode).toBe(0);
      // A zip file has no time for symlinks and directories that could be counted on, and two seconds for files.
      const options = format === "zip" ? { withMtime: false, withRoot: false } : {};
      expect(compareTrees(scratch.path("from"), scratch.path("to"), options)).toEqual([]);
    });
  }
}

test("GNU tar reads exported archives, and creates ones that can be imported", () => {
  makeTree(scratch.path("from"), archivedTree());
  cache.store("k", "from");
  archives.export("archive");
  must(["tar", "xpf", scratch.path("archive"), "-C", scratch.directory("extracted")]);
  must(["diff", "-r", "--no-dereference", scratch.path("from"), scratch.path("extracted")]);
  must(["tar", "czf", scratch.path("made"), "--format=gnu", "-C", scratch.path("from"), "."]);
  expect(archives.import("made", "made")).toMatchObject({ exitCode: 0 });
  expect(cache.restore("made", "to").exitCode).toBe(0);
  must(["diff", "-r", "--no-dereference", scratch.path("from"), scratch.path("to")]);
});

test("a miss, a fallback, and a damaged entry", () => {
  makeTree(scratch.path("from"), archivedTree());
  cache.store("k", "from", "--storage", "packs");
  expect(btdt(["export", "-c", cache.path, "-k", "none"])).toMatchObject({ exitCode: 4, stdout: "" });
  expect(btdt(["export", "-c", cache.path, "-k", "none,k"]).exitCode).toBe(3);
  must([
    "sh",
    "-c",
    `for f in ${cache.below("packs")}/*/pack; do printf x | dd of=$f bs=1 seek=90 conv=notrunc; done`,
  ]);
  const damaged = btdt(["export", "-c", cache.path, "-k", "k"]);
  expect(damaged.exitCode).toBe(1);
  expect(damaged.stderr).toMatch(
    /^btdt: error: the content of .+ is damaged or missing; the archive is incomplete/,
  );
});

describe("what exceeds the limits of a zip file is rejected before anything is written", () => {
  const exportZip = () => btdt(["export", "-c", cache.path, "-k", "k", "--format", "zip"]);

  test("too many things", () => {
    const words = [
      "sh",
      "-c",
      'mkdir "$1" && cd "$1" && seq 65535 | xargs touch',
      "sh",
      scratch.path("from"),
    ];
    must(words);
    cache.store("k", "from");
    const { exitCode, stdout, stderr } = exportZip();
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toBe(
      "btdt: error: a zip file holds at most 65,534 files and directories, not 65,535 (export it with --format tar or tar.gz)\n",
    );
    must(["rm", scratch.path("from", "1")]);
    cache.store("k", "from");
    must(["sh", "-c", `'${BTDT}' export -c '${cache.path}' -k k --format zip > '${scratch.path("zip")}'`]);
    expect(archives.import("back", "zip").stderr).toContain("imported 65,534 files");
  });

  test("too large a content", () => {
    must(["truncate", "-s", "4G", scratch.path("from")]);
    cache.store("k", "from", "--storage", "objects");
    const { exitCode, stdout, stderr } = exportZip();
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toContain("no room for more than 4 GiB (export it with --format tar or tar.gz)");
  });
});
