import { expect, test } from "bun:test";
import { readlinkSync, statSync, writeFileSync } from "node:fs";
import { zstdCompressSync } from "node:zlib";
import { packTar } from "modern-tar";
import { flipByte } from "../support/archive-entries.ts";
import { Archives, archivedTree } from "../support/archives.ts";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { must } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree, symlink } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);
const archives = new Archives(scratch, cache);

test("symlinks that are absolute or lead outside are kept, as a virtual environment has them", () => {
  makeTree(
    scratch.path("from"),
    dir({
      bin: dir({ python: symlink("/usr/bin/python3"), up: symlink("../../../elsewhere") }),
      around: symlink("bin/../../around"),
    }),
  );
  cache.store("k", "from");
  for (const format of ["tar", "zip"]) {
    archives.export("archive", "--format", format);
    expect(archives.import("back", "archive")).toMatchObject({ exitCode: 0 });
    expect(cache.restore("back", `to-${format}`).exitCode).toBe(0);
    const options = format === "zip" ? { withMtime: false, withRoot: false } : {};
    expect(compareTrees(scratch.path("from"), scratch.path(`to-${format}`), options)).toEqual([]);
  }
});

test("a directory that is listed again gets the later mode, as GNU tar does after tar --append", () => {
  makeTree(scratch.path("from"), dir({ d: dir({ a: file("a") }, { mode: 0o755 }) }));
  const tar = (...words: string[]) => must(["tar", ...words, "-C", scratch.path("from"), "d"]);
  tar("cf", scratch.path("archive"));
  makeTree(scratch.path("later"), dir({ d: dir({ b: file("b") }, { mode: 0o700 }) }));
  must(["tar", "rf", scratch.path("archive"), "-C", scratch.path("later"), "d"]);
  expect(archives.import("k", "archive")).toMatchObject({ exitCode: 0 });
  expect(cache.restore("k", "to").exitCode).toBe(0);
  expect(statSync(scratch.path("to", "d")).mode & 0o777).toBe(0o700);
  must(["test", "-f", scratch.path("to", "d", "a"), "-a", "-f", scratch.path("to", "d", "b")]);
});

test("devices and pipes are left out, with one warning for all of them", async () => {
  const special = { size: 0, mode: 0o644, mtime: new Date(0) };
  const archive = await packTar([
    { header: { ...special, type: "character-device", name: "dev/null" } },
    { header: { ...special, type: "block-device", name: "dev/sda" } },
    { header: { ...special, type: "fifo", name: "pipe" } },
    { header: { ...special, type: "file", name: "f", size: 1 }, body: "x" },
  ]);
  writeFileSync(scratch.path("archive"), archive);
  const { exitCode, stderr } = archives.import("k", "archive");
  expect(exitCode).toBe(0);
  expect(stderr).toStartWith(
    "btdt: warning: skipped dev/null and 2 more: neither a file, a directory nor a link\n",
  );
  expect(cache.restore("k", "to").exitCode).toBe(0);
  expect(must(["find", scratch.path("to"), "-mindepth", "1", "-printf", "%P\n"])).toBe("f\n");
});

test("a hard link to a symlink becomes a symlink like it", () => {
  makeTree(scratch.path("from"), dir({ a: symlink("/nowhere") }));
  must(["ln", "-P", scratch.path("from", "a"), scratch.path("from", "b")]);
  must(["tar", "cf", scratch.path("archive"), "-C", scratch.path("from"), "a", "b"]);
  expect(must(["tar", "tvf", scratch.path("archive")])).toContain("b link to a");
  expect(archives.import("k", "archive")).toMatchObject({ exitCode: 0 });
  expect(cache.restore("k", "to").exitCode).toBe(0);
  for (const name of ["a", "b"]) expect(readlinkSync(scratch.path("to", name))).toBe("/nowhere");
});

test("a zstd archive of several frames is read as one; what is cut off, altered or added is noticed", async () => {
  const tar = Buffer.from(
    await packTar([{ header: { name: "f", size: 5, type: "file", mtime: new Date(0) }, body: "hello" }]),
  );
  const skipped = Buffer.from("502a4d180400000001020304", "hex");
  const [head, tail] = [zstdCompressSync(tar.subarray(0, 700)), zstdCompressSync(tar.subarray(700))];
  const whole = Buffer.concat([skipped, head, skipped, tail]);
  const attempts: [Buffer, string][] = [
    [whole, "imported 1 file, 5 B as k"],
    [whole.subarray(0, -1), "the archive is truncated"],
    [whole.subarray(0, skipped.length + head.length), "the archive is truncated"],
    [whole.subarray(0, 20), "the archive is"],
    [Buffer.concat([whole, Buffer.from("more")]), "the archive is damaged: it is followed by other data"],
    [flipByte(whole, skipped.length + 12), "damaged"],
  ];
  for (const [bytes, expected] of attempts) {
    writeFileSync(scratch.path("archive"), bytes);
    expect(archives.import("k", "archive").stderr).toContain(expected);
  }
});

testWith(["zstd"], "zstd reads what is exported, and what it writes can be imported", () => {
  makeTree(scratch.path("from"), archivedTree());
  cache.store("k", "from");
  archives.export("archive", "--format", "tar.zst");
  must([
    "sh",
    "-c",
    'zstd -qdc "$1" | tar xpf - -C "$2"',
    "sh",
    scratch.path("archive"),
    scratch.directory("to"),
  ]);
  expect(compareTrees(scratch.path("from"), scratch.path("to"))).toEqual([]);
  must([
    "sh",
    "-c",
    'tar cf - --format=posix -C "$1" . | zstd -qT2 > "$2"',
    "sh",
    scratch.path("from"),
    scratch.path("made"),
  ]);
  expect(archives.import("made", "made")).toMatchObject({ exitCode: 0 });
  expect(cache.restore("made", "again").exitCode).toBe(0);
  expect(compareTrees(scratch.path("from"), scratch.path("again"))).toEqual([]);
});
