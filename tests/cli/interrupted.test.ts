import { expect } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { compareTrees, differences, snapshotTree } from "../support/compare-trees.ts";
import { btdt, must, run } from "../support/executable.ts";
import { executableForAll } from "../support/executable-for-all.ts";
import { AS_NOBODY, testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { injecting, stoppedAt } from "../support/trace.ts";
import { dir, file, makeTree, symlink, type TreeNode } from "../support/tree.ts";

const scratch = Scratch.use();
// These trees share everything, so that what happens to links happens to them.
const cache = new TestCache(scratch, "--link", "hard");

/** Large enough for several threads to work on. */
function storeTree(storage: "objects" | "packs" = "objects"): void {
  const directories = Array.from({ length: 400 }, (_, index): [string, TreeNode] => [
    `d${index}`,
    dir({ a: file(`a${index}`), b: file(`b${index}`), c: file(`c${index}`), l: symlink("a") }),
  ]);
  makeTree(scratch.path("tree"), dir(Object.fromEntries(directories)));
  cache.store("key", "tree", "--storage", storage);
}

function leftovers(parent: string): string[] {
  return readdirSync(parent).filter((name) => name.startsWith(".btdt"));
}

const MOMENTS = [
  { calls: "mkdir,mkdirat", when: 3 },
  { calls: "mkdir,mkdirat", when: 50 },
  { calls: "link,linkat", when: 100 },
  { calls: "symlink,symlinkat", when: 20 },
  { calls: "utimensat", when: 30 },
  { calls: "rename,renameat,renameat2", when: 3 },
];

for (const storage of ["objects", "packs"] as const) {
  testWith(
    ["strace"],
    `killed at any moment of a restore from ${storage}, there is no destination or all of it; the next one tidies up`,
    () => {
      storeTree(storage);
      const before = snapshotTree(scratch.path("tree"));
      let killed = 0;
      for (const [index, { calls, when }] of MOMENTS.entries()) {
        const to = scratch.directory(`parent${index}`);
        const words = cache.restoreWords("key", `parent${index}/to`);
        const { exitCode } = btdt(words, { through: injecting({ calls, what: `signal=KILL:when=${when}` }) });
        if (exitCode === 137) killed += 1;
        if (existsSync(`${to}/to`)) expect(differences(before, snapshotTree(`${to}/to`))).toEqual([]);
        expect(btdt(words)).toMatchObject({ exitCode: 0 });
        expect(differences(before, snapshotTree(`${to}/to`))).toEqual([]);
        expect(leftovers(to)).toEqual([]);
      }
      expect(killed).toBeGreaterThanOrEqual(MOMENTS.length - 1);
      cache.clean();
      expect(cache.sessions()).toEqual([]);
    },
  );
}

testWith(["strace"], "asked to end, it tidies up and says so by its exit code", async () => {
  storeTree();
  const object = cache.below("objects", cache.objects()[600] ?? "");
  for (const [signal, exitCode, ...options] of [
    ["TERM", 143],
    ["INT", 130],
    // What the user wants is no error.
    ["HUP", 129, "--error-ok"],
  ] as const) {
    const to = scratch.directory(`parent-${signal}`);
    const words = cache.restoreWords("key", `parent-${signal}/to`, ...options);
    // Of one object, which one thread links once: asked twice it would not tidy up.
    const through = injecting({ calls: "link,linkat", what: `signal=${signal}`, path: object });
    const finished = btdt(words, { through });
    expect({ signal, exitCode: finished.exitCode, stdout: finished.stdout }).toEqual({
      signal,
      exitCode,
      stdout: "",
    });
    expect(readdirSync(to)).toEqual([]);
  }
  expect(cache.sessions()).toEqual([]);
});

testWith(["strace"], "asked to end while it restores from packs, it tidies up as well", () => {
  storeTree("packs");
  const [pack] = readdirSync(cache.below("packs"));
  const path = cache.below("packs", pack ?? "", "pack");
  // The first while threads make the directories, the second while they write files. Both are asked for once.
  for (const calls of ["openat,open", "pread64"]) {
    const to = scratch.directory(`parent-${calls}`);
    const through = injecting({ calls, what: "signal=TERM", path });
    expect(btdt(cache.restoreWords("key", `parent-${calls}/to`), { through })).toMatchObject({
      exitCode: 143,
      stdout: "",
    });
    expect(readdirSync(to)).toEqual([]);
    expect(cache.objects()).toEqual([]);
  }
  expect(cache.sessions()).toEqual([]);
});

testWith(
  ["strace"],
  "an existing destination keeps what it had, file by file, and the next restore completes it",
  () => {
    storeTree();
    makeTree(scratch.path("to"), dir({ d1: dir({ a: file("mine") }), mine: file("mine") }));
    const mine = snapshotTree(scratch.path("to", "mine"));
    for (const { calls, when } of MOMENTS) {
      btdt(cache.restoreWords("key", "to"), {
        through: injecting({ calls, what: `signal=KILL:when=${when}` }),
      });
      expect(differences(mine, snapshotTree(scratch.path("to", "mine")))).toEqual([]);
    }
    expect(cache.restore("key", "to", "--exact").exitCode).toBe(0);
    expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
  },
);

testWith(["strace"], "a concurrent restore is not disturbed", async () => {
  storeTree();
  const words = cache.restoreWords("key", "first");
  const first = await stoppedAt({ calls: "link,linkat", when: 50 }, words, scratch.path("trace"), () => {
    expect(leftovers(scratch.path())).toHaveLength(1);
    expect(cache.restore("key", "second").exitCode).toBe(0);
  });
  expect(first).toMatchObject({ exitCode: 0, stdout: "Restored key key\n" });
  for (const to of ["first", "second"])
    expect(compareTrees(scratch.path("tree"), scratch.path(to))).toEqual([]);
  expect(leftovers(scratch.path())).toEqual([]);
});

testWith(
  ["strace"],
  "a store that is killed publishes nothing, and the next clean removes what it left",
  () => {
    storeTree();
    const whole = { objects: cache.objects(), manifests: cache.manifests(), keys: cache.keys() };
    makeTree(
      scratch.path("other"),
      dir({ x: file("x"), y: dir({ z: file("z") }), large: file(Buffer.alloc(5 * 2 ** 20, "x")) }),
    );
    for (const [calls, when] of [
      ["mkdir,mkdirat", 1],
      ["fsync", 1],
      ["link,linkat", 2],
      ["fsync", 3],
      ["rename,renameat,renameat2", 2],
      ["write,pwrite64", 3],
    ] as const) {
      const through = injecting({ calls, what: `signal=KILL:when=${when}` });
      btdt(cache.storeWords("other", "other", "--link", calls.startsWith("link") ? "hard" : "copy"), {
        through,
      });
      expect(cache.restore("other", "to").exitCode).toBe(4);
      expect(cache.clean().exitCode).toBe(0);
      const now = { objects: cache.objects(), manifests: cache.manifests(), keys: cache.keys() };
      expect(now).toEqual(whole);
      // What is not yet a session is given time, because it cannot be asked whether its process lives.
      expect(cache.sessions().filter((name) => !name.endsWith(".new"))).toEqual([]);
    }
  },
);

testWith(["root", "setpriv", "strace"], "who is not root tidies up closed directories as well", () => {
  makeTree(
    scratch.path("tree"),
    dir({ a: dir({ b: file("b"), c: dir({}, { mode: 0o500 }) }, { mode: 0o555 }) }),
  );
  cache.store("key", "tree");
  const { executable, workplace } = executableForAll(scratch);
  const words = [...AS_NOBODY, executable, "restore", "-c", cache.path, "-k", "key", `${workplace}/to`];
  // Both directories are closed by then; the tree is not yet in its place.
  const last = "rename,renameat,renameat2";
  const killed = run([...injecting({ calls: last, what: "error=EIO:when=2..9" }), ...words]);
  expect(killed.exitCode).toBe(1);
  expect(readdirSync(workplace)).toEqual([]);
  must(["chmod", "a+rx", scratch.path("tree")]);
  expect(run(words).exitCode).toBe(0);
  expect(readdirSync(workplace)).toEqual(["to"]);
});
