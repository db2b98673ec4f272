import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { strToU8, zipSync } from "fflate";
import { packTar } from "modern-tar";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { BTDT, btdt, finishedOf, must, run, startBtdt } from "../support/executable.ts";
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

test("GNU tar reads exported archives, and creates ones that can be imported", () => {
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
    /^btdt: error: the content of .+ is damaged or missing; the archive is incomplete/,
  );
});

describe("through a pipe", () => {
  /** By a shell; IMPORT in the script stands for the command without its archive. */
  function importBy(script: string, ...words: string[]) {
    scratch.directory("cache");
    const begin = `'${BTDT}' import -c '${cache.path}' -k piped`;
    return run(["sh", "-c", script.replaceAll("IMPORT", begin), "sh", ...words]);
  }

  test("tar and tar.gz, as standard input and as a named pipe", () => {
    makeTree(scratch.path("from"), tree());
    cache.store("k", "from");
    exportTo("tar");
    exportTo("tar.gz", "--format", "tar.gz");
    must(["mkfifo", scratch.path("fifo")]);
    const scripts = {
      "standard input": 'cat "$1" | IMPORT -',
      "/dev/stdin": 'cat "$1" | IMPORT /dev/stdin',
      "a named pipe": `cat "$1" > '${scratch.path("fifo")}' & IMPORT '${scratch.path("fifo")}'; wait`,
      "a slow start": '{ head -c 1 "$1"; sleep 0.2; tail -c +2 "$1"; } | IMPORT -',
      "a file as standard input": 'IMPORT - < "$1"',
    };
    for (const [name, script] of Object.entries(scripts)) {
      for (const format of ["tar", "tar.gz"]) {
        const { exitCode, stderr } = importBy(script, scratch.path(format));
        expect({ name, format, exitCode, stderr }).toMatchObject({
          exitCode: 0,
          stderr: expect.stringContaining("imported 5 files"),
        });
        expect(cache.restore("piped", "to", "--exact").exitCode).toBe(0);
        expect(compareTrees(scratch.path("from"), scratch.path("to"))).toEqual([]);
      }
    }
  });

  test("from one cache to another", () => {
    makeTree(scratch.path("from"), tree());
    cache.store("k", "from");
    const other = scratch.directory("other");
    must(["sh", "-c", `'${BTDT}' export -c '${cache.path}' -k k | '${BTDT}' import -c '${other}' -k k -`]);
    expect(btdt(["restore", "-c", other, "-k", "k", scratch.path("to")]).exitCode).toBe(0);
    expect(compareTrees(scratch.path("from"), scratch.path("to"))).toEqual([]);
  });

  test("a zip file has its list at the end: it needs a file", () => {
    writeFileSync(scratch.path("zip"), zipSync({ x: strToU8("x") }));
    const piped = importBy('cat "$1" | IMPORT -', scratch.path("zip"));
    expect(piped).toEqual({
      exitCode: 1,
      stdout: "",
      stderr:
        "btdt: error: a zip file cannot be read from a pipe (save it to a file first, or send a tar or tar.gz)\n",
    });
    expect(cache.keys()).toEqual([]);
    expect(cache.sessions()).toEqual([]);
    expect(importBy('IMPORT - < "$1"', scratch.path("zip")).exitCode).toBe(0);
  });

  test("one that ends too early, is empty, or is not an archive, stores nothing", () => {
    makeTree(scratch.path("from"), tree());
    cache.store("k", "from");
    exportTo("tar.gz", "--format", "tar.gz");
    for (const script of [
      'head -c 1000 "$1" | IMPORT -',
      ": | IMPORT -",
      "printf 12 | IMPORT -",
      "yes | head -c 9999 | IMPORT -",
    ]) {
      const { exitCode, stderr } = importBy(script, scratch.path("tar.gz"));
      expect({ script, exitCode }).toEqual({ script, exitCode: 1 });
      expect(stderr).toMatch(/^btdt: error: the archive .+\n$/);
    }
    expect(cache.keys()).toEqual(["k"]);
  });

  test("what is neither a file nor a pipe", () => {
    const nothing = importBy("IMPORT - < /dev/null");
    expect(nothing.exitCode).toBe(1);
    expect(nothing.stderr).toStartWith("btdt: error: standard input is neither a file nor a pipe (");
    expect(importBy('IMPORT "$1"', scratch.directory("directory")).stderr).toContain(
      "is neither a file nor a pipe",
    );
  });

  test("a signal ends the wait for a pipe that nobody writes to", async () => {
    must(["mkfifo", scratch.path("fifo")]);
    scratch.directory("cache");
    const waiting = startBtdt(["import", "-c", cache.path, "-k", "k", scratch.path("fifo")]);
    while (!existsSync(cache.below("sessions")) || cache.sessions().every((name) => name.endsWith(".new"))) {
      await Bun.sleep(5);
    }
    waiting.kill("SIGTERM");
    expect((await finishedOf(waiting)).exitCode).toBe(143);
    expect(cache.sessions()).toEqual([]);
  });
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
    expect(importFrom("back", "zip").stderr).toContain("imported 65,534 files");
  });

  test("too large a content", () => {
    must(["truncate", "-s", "4G", scratch.path("from")]);
    cache.store("k", "from", "--storage", "objects");
    const { exitCode, stdout, stderr } = exportZip();
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toContain("no room for more than 4 GiB (export it with --format tar or tar.gz)");
  });
});

describe("hostile archives are rejected, and nothing in them is stored", () => {
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
        /^btdt: error: the archive has a .+\n$|^btdt: error: the archive is rejected: .+\n$/,
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
    bytes.writeUInt32LE(10, 22);
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
