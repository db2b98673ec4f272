import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { strToU8, zipSync } from "fflate";
import { packTar } from "modern-tar";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { BTDT, btdt, must } from "../support/executable.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree, symlink, type TreeNode } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

function tree(): TreeNode {
  return dir({
    "a file": file("content\n", { mode: 0o755, mtime: "@1700000000" }),
    empty: file(""),
    large: file(crypto.getRandomValues(new Uint8Array(60_000)).toHex().repeat(40)),
    deep: dir({ ["n".repeat(120)]: dir({ ["m".repeat(120)]: file("long name") }), up: symlink("../a file") }),
    "\xc3\xbcn\xc3\xaf": file("a name in UTF-8"),
    void: dir({}, { mode: 0o750 }),
  });
}

function exportTo(name: string, ...options: string[]): void {
  const words = [BTDT, "export", "-c", cache.path, "-k", "k", ...options];
  must(["sh", "-c", `"$@" > ${scratch.path(name)}`, "sh", ...words]);
}

function importFrom(key: string, name: string) {
  scratch.directory("cache");
  return btdt(["import", "-c", cache.path, "-k", key, scratch.path(name)]);
}

for (const storage of ["objects", "packs"]) {
  for (const format of ["tar", "tar.gz", "zip"]) {
    test(`there and back: ${storage}, ${format}`, () => {
      makeTree(scratch.path("from"), tree());
      cache.store("k", "from", "--storage", storage);
      exportTo("archive", "--format", format);
      expect(importFrom("back", "archive")).toMatchObject({ exitCode: 0 });
      expect(cache.restore("back", "to").exitCode).toBe(0);
      // A zip file has no time for symlinks and directories that could be counted on, and two seconds for files.
      const options = format === "zip" ? { withMtime: false, withRoot: false } : {};
      expect(compareTrees(scratch.path("from"), scratch.path("to"), options)).toEqual([]);
    });
  }
}

test("GNU tar reads what is exported, and makes what is imported", () => {
  makeTree(scratch.path("from"), tree());
  cache.store("k", "from");
  exportTo("archive");
  must(["tar", "xpf", scratch.path("archive"), "-C", scratch.directory("extracted")]);
  must(["diff", "-r", "--no-dereference", scratch.path("from"), scratch.path("extracted")]);
  must(["tar", "czf", scratch.path("made"), "--format=gnu", "-C", scratch.path("from"), "."]);
  expect(importFrom("made", "made")).toMatchObject({ exitCode: 0 });
  expect(cache.restore("made", "to").exitCode).toBe(0);
  must(["diff", "-r", "--no-dereference", scratch.path("from"), scratch.path("to")]);
});

test("a miss, a fallback, and a damaged entry", () => {
  makeTree(scratch.path("from"), tree());
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
    /^btdt: error: the content of .+ is damaged or missing; the archive is not whole/,
  );
});

describe("hostile archives are refused, and nothing of them is kept", () => {
  const plain = { size: 0, type: "file" as const };
  const link = { size: 0, type: "symlink" as const };
  const archives = {
    "a name with ..": [{ header: { ...plain, name: "a/../../x" } }],
    "an absolute name": [{ header: { ...plain, name: "/x" } }],
    "a name twice": [{ header: { ...plain, name: "x" } }, { header: { ...plain, name: "./x" } }],
    "a file below a file": [{ header: { ...plain, name: "x" } }, { header: { ...plain, name: "x/y" } }],
    "a file through a symlink": [
      { header: { ...link, name: "d", linkname: "." } },
      { header: { ...plain, name: "d/x" } },
    ],
    "a symlink to outside": [{ header: { ...link, name: "x", linkname: "../y" } }],
    "an absolute symlink": [{ header: { ...link, name: "x", linkname: "/etc" } }],
    "a symlink to outside by way of another": [
      { header: { ...link, name: "a/b/c", linkname: "../.." } },
      { header: { ...link, name: "x", linkname: "a/b/c/.." } },
    ],
    "a hard link to outside": [
      { header: { ...plain, type: "link" as const, name: "x", linkname: "/etc/passwd" } },
    ],
    "a hard link to a symlink": [
      { header: { ...link, name: "y", linkname: "x" } },
      { header: { ...plain, type: "link" as const, name: "x", linkname: "y" } },
    ],
    "a device": [{ header: { ...plain, type: "character-device" as const, name: "x" } }],
  };
  for (const [name, entries] of Object.entries(archives)) {
    test(name, async () => {
      writeFileSync(scratch.path("archive"), await packTar(entries));
      const finished = importFrom("k", "archive");
      expect(finished.exitCode).toBe(1);
      expect(finished.stderr).toMatch(
        /^btdt: error: the archive (is refused|has a) .+\n$|^btdt: error: the archive is refused: .+\n$/,
      );
      expect(cache.keys()).toEqual([]);
      expect(cache.sessions()).toEqual([]);
    });
  }

  test("a zip file with a name that would escape", () => {
    writeFileSync(scratch.path("archive"), zipSync({ "../x": strToU8("x") }));
    expect(importFrom("k", "archive")).toMatchObject({ exitCode: 1 });
    expect(cache.keys()).toEqual([]);
  });

  test("a zip file that inflates to more than it states", () => {
    const bytes = Buffer.from(zipSync({ x: new Uint8Array(1_000_000) }));
    const directory = bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    bytes.writeUInt32LE(10, directory + 24);
    writeFileSync(scratch.path("archive"), bytes);
    const finished = importFrom("k", "archive");
    expect(finished.exitCode).toBe(1);
    expect(finished.stderr).toContain("a file is larger than it states");
  });

  for (const format of ["tar", "tar.gz", "zip"]) {
    test(`a truncated ${format}`, () => {
      makeTree(scratch.path("from"), tree());
      cache.store("k", "from");
      exportTo("archive", "--format", format);
      const bytes = readFileSync(scratch.path("archive"));
      for (const size of [0, 3, 100, Math.floor(bytes.length / 2)]) {
        writeFileSync(scratch.path("cut"), bytes.subarray(0, size));
        const finished = importFrom("cut", "cut");
        expect({ size, exitCode: finished.exitCode }).toEqual({ size, exitCode: 1 });
        expect(finished.stderr).toMatch(/^btdt: error: the archive .+\n$/);
      }
      expect(cache.keys()).toEqual(["k"]);
    });
  }
});
