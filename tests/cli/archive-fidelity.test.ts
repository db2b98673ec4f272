import { describe, expect, test } from "bun:test";
import { chmodSync, lstatSync, readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { packTar } from "modern-tar";
import { flipByte } from "../support/archive-entries.ts";
import { Archives } from "../support/archives.ts";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { BTDT, btdt, must, run } from "../support/executable.ts";
import { mountTmpfs } from "../support/mounts.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree, symlink, type TreeNode } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);
const archives = new Archives(scratch, cache);

/** Names that are not UTF-8, short and long ones; the long ones need extended headers. */
function oddTree(): TreeNode {
  const long = "d\xff".repeat(60);
  return dir({
    "caf\xe9": file("Latin-1"),
    "\xc3\xbcn\xc3\xaf": file("UTF-8"),
    [long]: dir({ ["f\x80".repeat(60)]: file("deep") }),
    "l\xfe": symlink("caf\xe9"),
    long: symlink(`${long}/${"f\x80".repeat(60)}`),
  });
}

describe("names of any bytes", () => {
  for (const format of ["tar", "tar.gz"]) {
    test(`survive ${format}, there and back`, () => {
      makeTree(scratch.path("from"), oddTree());
      cache.store("k", "from");
      archives.export("archive", "--format", format);
      expect(archives.import("back", "archive").exitCode).toBe(0);
      expect(cache.restore("back", "to").exitCode).toBe(0);
      expect(compareTrees(scratch.path("from"), scratch.path("to"))).toEqual([]);
    });
  }

  test("are read by GNU tar", () => {
    makeTree(scratch.path("from"), oddTree());
    cache.store("k", "from");
    archives.export("archive");
    must(["tar", "xpf", scratch.path("archive"), "-C", scratch.directory("to")]);
    expect(compareTrees(scratch.path("from"), scratch.path("to"))).toEqual([]);
  });

  for (const format of ["gnu", "pax", "oldgnu"]) {
    test(`are read from GNU tar's format ${format}`, () => {
      makeTree(scratch.path("from"), oddTree());
      must(["tar", "cf", scratch.path("archive"), `--format=${format}`, "-C", scratch.path("from"), "."]);
      expect(archives.import("k", "archive").exitCode).toBe(0);
      expect(cache.restore("k", "to").exitCode).toBe(0);
      const differences = compareTrees(scratch.path("from"), scratch.path("to"), {
        withMtime: format === "pax",
      });
      expect(differences).toEqual([]);
    });
  }

  test("are rejected for a zip file before anything is written", () => {
    makeTree(scratch.path("from"), oddTree());
    cache.store("k", "from");
    const { exitCode, stdout, stderr } = btdt(["export", "-c", cache.path, "-k", "k", "--format", "zip"]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toContain(
      "is not UTF-8, which a zip file cannot hold (export it with --format tar or tar.gz)",
    );
  });
});

test("times that a zip file cannot hold cause a warning", () => {
  const early = file("early", { mtime: "@0" });
  makeTree(
    scratch.path("from"),
    dir({ early, late: file("late", { mtime: "@4200000000" }), now: file("now") }),
  );
  cache.store("k", "from");
  const exported = (format: string) =>
    btdt(["export", "-c", cache.path, "-k", "k", "--format", format]).stderr;
  expect(exported("zip")).toContain(
    "btdt: warning: 2 files have times that a zip file cannot hold, and get the nearest from 1980 to 2099",
  );
  expect(exported("tar")).not.toContain("warning");
});

testWith(["mount"], "times before 1970, beyond 2242 and in the year 287,000 survive a tar", () => {
  mountTmpfs(scratch, "memory", "16m");
  const times = ["@-5.25", "@-1", "@0", "@8589934591.5", "@8589934592", "@9007199254740.999999999"];
  const files = times.map((mtime, index): [string, TreeNode] => [`f${index}`, file(mtime, { mtime })]);
  makeTree(scratch.path("memory", "from"), dir(Object.fromEntries(files)));
  const inMemory = scratch.directory("memory", "cache");
  const words = (command: string, key: string): string[] => [command, "-c", inMemory, "-k", key];
  expect(btdt([...words("store", "k"), scratch.path("memory", "from")]).exitCode).toBe(0);
  must(["sh", "-c", `"$@" > ${scratch.path("archive")}`, "sh", BTDT, ...words("export", "k")]);
  expect(readFileSync(scratch.path("archive"), "latin1")).not.toContain("NaN");
  expect(btdt([...words("import", "back"), scratch.path("archive")]).exitCode).toBe(0);
  expect(btdt([...words("restore", "back"), scratch.path("memory", "to")]).exitCode).toBe(0);
  expect(compareTrees(scratch.path("memory", "from"), scratch.path("memory", "to"))).toEqual([]);
});

test("what an archive has no entry for gets the mode that mkdir would give it", async () => {
  writeFileSync(scratch.path("archive"), await packTar([{ header: { name: "d/f", size: 0, type: "file" } }]));
  scratch.directory("cache");
  const script = 'umask 027; "$@"';
  must(["sh", "-c", script, "sh", BTDT, "import", "-c", cache.path, "-k", "k", scratch.path("archive")]);
  expect(cache.restore("k", "to").exitCode).toBe(0);
  expect(lstatSync(scratch.path("to")).mode & 0o7777).toBe(0o750);
  expect(lstatSync(scratch.path("to", "d")).mode & 0o7777).toBe(0o750);
});

test("a read-only directory is restored as such", () => {
  makeTree(scratch.path("from"), dir({ d: dir({ f: file("x") }, { mode: 0o555 }) }));
  cache.store("k", "from");
  archives.export("archive");
  expect(archives.import("back", "archive").exitCode).toBe(0);
  expect(cache.restore("back", "to").exitCode).toBe(0);
  expect(compareTrees(scratch.path("from"), scratch.path("to"))).toEqual([]);
  chmodSync(scratch.path("from", "d"), 0o755);
});

describe("damage is found, and nothing is stored", () => {
  test("one flipped bit in a tar.gz", async () => {
    const tar = await packTar([
      { header: { name: "x", size: 2000, type: "file" }, body: "content ".repeat(250) },
    ]);
    const bytes = gzipSync(tar);
    // The last eight are the checksum and the length.
    for (const index of [12, Math.floor(bytes.length / 2), bytes.length - 8, bytes.length - 1]) {
      writeFileSync(scratch.path("archive"), flipByte(bytes, index));
      const { exitCode, stderr } = archives.import("k", "archive");
      expect({ index, exitCode }).toEqual({ index, exitCode: 1 });
      expect(stderr).toMatch(/^btdt: error: the archive is (damaged|truncated).*\n$/);
    }
    expect(cache.keys()).toEqual([]);
    expect(cache.sessions()).toEqual([]);
  });

  for (const version of ["0.0", "0.1", "1.0", "gnu"]) {
    test(`a sparse file in GNU tar's format ${version} is rejected`, () => {
      must(["truncate", "-s", "1M", scratch.path("sparse")]);
      must([
        "sh",
        "-c",
        `printf x | dd of='${scratch.path("sparse")}' bs=1 seek=500000 conv=notrunc status=none`,
      ]);
      const format = version === "gnu" ? ["--format=gnu"] : ["--format=pax", `--sparse-version=${version}`];
      must(["tar", "cSf", scratch.path("archive"), ...format, "-C", scratch.path(), "sparse"]);
      const { exitCode, stderr } = archives.import("k", "archive");
      expect(exitCode).toBe(1);
      expect(stderr).toContain(
        "is stored as a sparse file, which btdt does not support (make the archive without --sparse",
      );
      expect(cache.keys()).toEqual([]);
    });
  }

  test("another compression is named, with what to do", () => {
    writeFileSync(scratch.path("archive"), Buffer.from("fd377a585a000000", "hex"));
    const { exitCode, stderr } = archives.import("k", "archive");
    expect(exitCode).toBe(1);
    expect(stderr).toContain(
      "is compressed with xz, which btdt does not support (decompress it through a pipe: xz -dc",
    );
  });
});

describe("a failure of the output is reported in one line", () => {
  for (const format of ["tar", "tar.gz", "tar.zst", "zip"]) {
    test(`${format}: a full disk`, () => {
      makeTree(scratch.path("from"), dir({ f: file(crypto.getRandomValues(new Uint8Array(50_000))) }));
      cache.store("k", "from");
      const script = `'${BTDT}' export -c '${cache.path}' -k k --format ${format} > /dev/full`;
      const full = run(["sh", "-c", script]);
      expect(full).toMatchObject({
        exitCode: 1,
        stderr: "btdt: error: cannot write to standard output: no space left on the device\n",
      });
    });
  }
});
