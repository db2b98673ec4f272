import { describe, expect } from "bun:test";
import { mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { btdt } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { injecting } from "../support/trace.ts";
import { dir, file, makeTree } from "../support/tree.ts";

/** Habits of network file systems, as errors of system calls. */
const scratch = Scratch.use();
const cache = new TestCache(scratch);

function makeSource(): void {
  const children = Array.from({ length: 30 }, (_, index) => [`f${index}`, file(`content ${index}`)] as const);
  makeTree(scratch.path("tree"), dir({ sub: dir(Object.fromEntries(children)) }));
}

function stagingDirectories(): string[] {
  return readdirSync(scratch.path()).filter((name) => name.startsWith(".btdt-restore-"));
}

const HABITS = [
  ["a directory in which an open file is kept under another name", { calls: "rmdir", what: "error=EBUSY" }],
  ["a directory that is never empty", { calls: "rmdir", what: "error=ENOTEMPTY" }],
  ["a directory that the server has forgotten", { calls: "rmdir", what: "error=ESTALE" }],
  ["no locks", { calls: "flock", what: "error=ENOLCK" }],
  ["locks that are not supported", { calls: "flock", what: "error=EOPNOTSUPP" }],
  ["stale locks", { calls: "flock", what: "error=ESTALE" }],
] as const;

describe("every command works, and the next one tidies up, on a file system with", () => {
  for (const [name, injection] of HABITS) {
    testWith(["strace"], name, () => {
      makeSource();
      const through = injecting(injection);
      for (const storage of ["objects", "packs"]) {
        const stored = btdt(cache.storeWords(storage, "tree", "--storage", storage), { through });
        expect(stored.exitCode).toBe(0);
        for (const to of [`${storage}-to`, `${storage}-to`]) {
          expect(btdt(cache.restoreWords(storage, to), { through }).exitCode).toBe(0);
          const lines = compareTrees(scratch.path("tree"), scratch.path(to));
          // What is left of the second one is removed by the next.
          expect(lines.filter((line) => !line.startsWith(".btdt-restore-"))).toEqual([]);
        }
      }
      const cleaned = btdt(["clean", "-c", cache.path, "--max-size", "0"], { through });
      expect([cleaned.exitCode, cleaned.stdout]).toEqual([0, expect.stringContaining("Kept 0 entries")]);
      expect(cleaned.stderr.split("\n").length).toBeLessThan(3);
      expect(cache.clean()).toMatchObject({ exitCode: 0, stderr: "" });
      expect(cache.sessions()).toEqual([]);
      cache.store("objects", "tree");
      expect(cache.restore("objects", "objects-to").exitCode).toBe(0);
      expect(cache.restore("objects", "new-to").exitCode).toBe(0);
      expect(compareTrees(scratch.path("tree"), scratch.path("objects-to"))).toEqual([]);
      expect(stagingDirectories()).toEqual([]);
    });
  }
});

testWith(["strace"], "what a clean cannot remove is left to the next one, and said once", () => {
  makeSource();
  cache.store("key", "tree", "--storage", "objects", "--link", "copy");
  const [object = ""] = cache.objects();
  const path = cache.below("objects", object);
  for (const errno of ["EBUSY", "ESTALE"]) {
    const through = injecting({ calls: "unlink", what: `error=${errno}`, path });
    const cleaned = btdt(["clean", "-c", cache.path, "--max-size", "0"], { through });
    expect(cleaned.exitCode).toBe(0);
    const reason = errno === "EBUSY" ? "it is in use" : "stale file handle";
    expect(cleaned.stderr).toBe(
      `btdt: warning: 1 unneeded file or directory could not be removed: ${reason}; the next clean tries again\n`,
    );
    expect(cache.objects()).toEqual([object]);
  }
  expect(cache.clean()).toMatchObject({ exitCode: 0, stderr: "" });
  expect(cache.objects()).toEqual([]);
});

testWith([], "a dead process's directory with a whole tree in it is removed in steps", () => {
  makeSource();
  cache.store("key", "tree");
  const dead = join(cache.below("sessions"), crypto.randomUUID());
  for (let index = 0; index < 40; index++) {
    mkdirSync(join(dead, `d${index}`), { recursive: true });
    for (let each = 0; each < 100; each++) writeFileSync(join(dead, `d${index}`, `${each}`), "");
  }
  writeFileSync(join(dead, "lock"), "");
  utimesSync(dead, 1, 1);
  expect(cache.clean()).toMatchObject({ exitCode: 0, stderr: "" });
  expect(cache.sessions()).toEqual([]);
  rmSync(scratch.path("tree"), { recursive: true });
});
