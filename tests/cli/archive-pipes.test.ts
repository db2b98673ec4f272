import { describe, expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { strToU8, zipSync } from "fflate";
import { Archives, archivedTree } from "../support/archives.ts";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { BTDT, btdt, finishedOf, must, run, startBtdt } from "../support/executable.ts";
import { Scratch } from "../support/scratch.ts";
import { makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);
const archives = new Archives(scratch, cache);

describe("through a pipe", () => {
  /** By a shell; IMPORT in the script stands for the command without its archive. */
  function importBy(script: string, ...words: string[]) {
    scratch.directory("cache");
    const begin = `'${BTDT}' import -c '${cache.path}' -k piped`;
    return run(["sh", "-c", script.replaceAll("IMPORT", begin), "sh", ...words]);
  }

  test("tar and tar.gz, as standard input and as a named pipe", () => {
    makeTree(scratch.path("from"), archivedTree());
    cache.store("k", "from");
    archives.export("tar");
    archives.export("tar.gz", "--format", "tar.gz");
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
    makeTree(scratch.path("from"), archivedTree());
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
        "btdt: error: a zip file cannot be read from a pipe (save it to a file first, or send a tar, tar.gz or tar.zst)\n",
    });
    expect(cache.keys()).toEqual([]);
    expect(cache.sessions()).toEqual([]);
    expect(importBy('IMPORT - < "$1"', scratch.path("zip")).exitCode).toBe(0);
  });

  test("one that ends too early, is empty, or is not an archive, stores nothing", () => {
    makeTree(scratch.path("from"), archivedTree());
    cache.store("k", "from");
    archives.export("tar.gz", "--format", "tar.gz");
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
