import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { compareTrees } from "../support/compare-trees.ts";
import { btdt, finishedOf, must, startBtdt } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { injecting, stoppedAt } from "../support/trace.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();

const storing = (key: string): string[] => [
  "store",
  "-c",
  scratch.path("cache"),
  "-k",
  key,
  scratch.path("tree"),
];
const restoring = (key: string, to: string): string[] => [
  "restore",
  "-c",
  scratch.path("cache"),
  "-k",
  key,
  scratch.path(to),
];

function prepare(): void {
  scratch.directory("cache");
  makeTree(scratch.path("tree"), dir({ a: file("a"), sub: dir({ b: file("b") }) }));
}

test("several stores may find the cache empty at once", async () => {
  prepare();
  const keys = ["one", "two", "three", "four"];
  const stores = await Promise.all(keys.map((key) => finishedOf(startBtdt(storing(key)))));
  expect(stores.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
  for (const key of keys) {
    expect(btdt(restoring(key, key)).exitCode).toBe(0);
    expect(compareTrees(scratch.path("tree"), scratch.path(key))).toEqual([]);
  }
});

/** System calls on which being killed, or watched, would show a half-made cache. */
const MAKING = ["mkdir,mkdirat", "openat", "write,pwrite64", "fsync", "rename,renameat,renameat2", "close"];

testWith(["strace"], "if it is killed anywhere while it creates the cache, the next store continues", () => {
  for (const calls of MAKING) {
    prepare();
    for (const when of [1, 2, 3, 9, 300]) {
      btdt(storing("key"), {
        through: injecting({
          calls,
          what: `signal=KILL:when=${when}`,
          path: scratch.path("cache", "btdt-v1"),
        }),
      });
      btdt(storing("key"), { through: injecting({ calls, what: `signal=KILL:when=${when}` }) });
    }
    const restored = btdt(restoring("key", "to"));
    expect([0, 4]).toContain(restored.exitCode);
    expect(btdt(storing("key"))).toMatchObject({ exitCode: 0 });
    expect(btdt(restoring("key", "other")).exitCode).toBe(0);
    for (const name of ["cache", "tree", "to", "other"]) must(["rm", "-rf", scratch.path(name)]);
  }
});

testWith(["strace"], "a cache that is being created is empty for others", async () => {
  for (const injection of [
    { calls: "mkdir,mkdirat", when: 1 },
    { calls: "mkdir,mkdirat", when: 5 },
    // Of the format file, before and after it has its name; of the session; of the intent, before it has its name.
    { calls: "fsync", when: 1 },
    { calls: "rename,renameat,renameat2", when: 1 },
    { calls: "rename,renameat,renameat2", when: 2 },
    { calls: "fsync", when: 3 },
  ]) {
    prepare();
    const finished = await stoppedAt(injection, storing("key"), scratch.path("trace"), () => {
      expect(btdt(restoring("key", "to"))).toMatchObject({
        exitCode: 4,
        stderr: "Keys not found in cache.\nbtdt: no entry for key\nbtdt: the cache is empty\n",
      });
      expect(btdt(["clean", "-c", scratch.path("cache")])).toMatchObject({ exitCode: 0 });
      expect(btdt(storing("other"))).toMatchObject({ exitCode: 0 });
    });
    expect(finished).toMatchObject({ exitCode: 0 });
    for (const key of ["key", "other"]) expect(btdt(restoring(key, key)).exitCode).toBe(0);
    for (const name of ["cache", "tree", "trace", "key", "other"]) must(["rm", "-rf", scratch.path(name)]);
  }
});

test("what the cache directory gets is one directory", () => {
  prepare();
  expect(btdt(storing("key")).exitCode).toBe(0);
  expect(readdirSync(scratch.path("cache"))).toEqual(["btdt-v1"]);
  expect(readFileSync(scratch.path("cache", "btdt-v1", "format"), "utf8")).toBe("btdt cache format 1\n");
});
