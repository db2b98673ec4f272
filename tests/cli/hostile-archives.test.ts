import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { strToU8, zipSync } from "fflate";
import { packTar } from "modern-tar";
import { Archives, archivedTree } from "../support/archives.ts";
import { TestCache } from "../support/cache.ts";
import { Scratch } from "../support/scratch.ts";
import { makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);
const archives = new Archives(scratch, cache);

describe("hostile archives are rejected, and nothing in them is stored", () => {
  const plain = { size: 0, type: "file" as const };
  const link = { size: 0, type: "symlink" as const };
  const hostile = {
    "a name with ..": [{ header: { ...plain, name: "a/../../x" } }],
    "an absolute name": [{ header: { ...plain, name: "/x" } }],
    "a name twice": [{ header: { ...plain, name: "x" } }, { header: { ...plain, name: "./x" } }],
    "a file below a file": [{ header: { ...plain, name: "x" } }, { header: { ...plain, name: "x/y" } }],
    "a file through a symlink": [
      { header: { ...link, name: "d", linkname: "." } },
      { header: { ...plain, name: "d/x" } },
    ],
    "a file through a symlink to outside": [
      { header: { ...link, name: "d", linkname: "../.." } },
      { header: { ...plain, name: "d/x" } },
    ],
    "a directory in place of a symlink": [
      { header: { ...link, name: "d", linkname: "/etc" } },
      { header: { ...plain, type: "directory" as const, name: "d/" } },
    ],
    "a hard link through a symlink": [
      { header: { ...link, name: "d", linkname: "/etc" } },
      { header: { ...plain, type: "link" as const, name: "x", linkname: "d/passwd" } },
    ],
    "a hard link to outside": [
      { header: { ...plain, type: "link" as const, name: "x", linkname: "/etc/passwd" } },
    ],
  };
  for (const [name, entries] of Object.entries(hostile)) {
    test(name, async () => {
      writeFileSync(scratch.path("archive"), await packTar(entries));
      const finished = archives.import("k", "archive");
      expect(finished.exitCode).toBe(1);
      expect(finished.stderr).toMatch(
        /^btdt: error: the archive has a .+\n$|^btdt: error: the archive is rejected: .+\n$/,
      );
      expect(cache.keys()).toEqual([]);
      expect(cache.sessions()).toEqual([]);
    });
  }

  test("a zip file with a name that would escape", () => {
    writeFileSync(scratch.path("archive"), zipSync({ "../x": strToU8("x") }));
    expect(archives.import("k", "archive")).toMatchObject({ exitCode: 1 });
    expect(cache.keys()).toEqual([]);
  });

  test("a zip file that inflates to more than it states", () => {
    const bytes = Buffer.from(zipSync({ x: new Uint8Array(1_000_000) }));
    const directory = bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    bytes.writeUInt32LE(10, directory + 24);
    bytes.writeUInt32LE(10, 22);
    writeFileSync(scratch.path("archive"), bytes);
    const finished = archives.import("k", "archive");
    expect(finished.exitCode).toBe(1);
    expect(finished.stderr).toContain("a file is larger than it states");
  });

  for (const format of ["tar", "tar.gz", "tar.zst", "zip"]) {
    test(`a truncated ${format}`, () => {
      makeTree(scratch.path("from"), archivedTree());
      cache.store("k", "from");
      archives.export("archive", "--format", format);
      const bytes = readFileSync(scratch.path("archive"));
      for (const size of [0, 3, 100, Math.floor(bytes.length / 2)]) {
        writeFileSync(scratch.path("cut"), bytes.subarray(0, size));
        const finished = archives.import("cut", "cut");
        expect({ size, exitCode: finished.exitCode }).toEqual({ size, exitCode: 1 });
        expect(finished.stderr).toMatch(/^btdt: error: the archive .+\n$/);
      }
      expect(cache.keys()).toEqual(["k"]);
    });
  }
});
