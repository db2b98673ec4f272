import { describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, readdirSync, rmdirSync, unlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { bytesFromText } from "../../src/base/byte-string.ts";
import { LockFile } from "../../src/fs/native/flock.ts";
import { TestCache } from "../support/cache.ts";
import { differences, type Snapshot, snapshotTree } from "../support/compare-trees.ts";
import { btdt, finishedOf, must, startBtdt } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { stoppedAt, traced } from "../support/trace.ts";
import { dir, file, makeTree, type TreeNode } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);
const ROUNDS = 12;

/** Trees that share most of their files, so that what one loses the other would miss. */
function makeVariant(variant: number): Snapshot {
  const directories = Array.from({ length: 60 }, (_, index): [string, TreeNode] => [
    `d${index}`,
    dir({ shared: file(`shared ${index}`.repeat(300)), own: file(`own ${variant} ${index}`.repeat(300)) }),
  ]);
  makeTree(scratch.path(`variant${variant}`), dir(Object.fromEntries(directories)));
  // The same times make them the same objects.
  must(["find", scratch.path(`variant${variant}`), "-exec", "touch", "-h", "-d", "@1000.5", "{}", "+"]);
  return snapshotTree(scratch.path(`variant${variant}`));
}

test("while stores, restores and cleans run, every restore is exact or a miss", async () => {
  const variants = [0, 1, 2].map(makeVariant);
  scratch.directory("cache");
  const stores = { isOver: false };
  let hits = 0;
  let removals = 0;

  const storing = async (variant: number): Promise<void> => {
    for (let round = 0; round < ROUNDS; round++) {
      const stored = await finishedOf(startBtdt(cache.storeWords(`key${variant}`, `variant${variant}`)));
      expect(stored).toMatchObject({ exitCode: 0 });
    }
  };
  const restoring = async (variant: number): Promise<void> => {
    for (let round = 0; !stores.isOver; round++) {
      const name = `to${variant}-${round}`;
      const restored = await finishedOf(startBtdt(cache.restoreWords(`key${variant}`, name)));
      if (restored.exitCode === 4) {
        expect(readdirSync(scratch.path())).not.toContain(name);
        continue;
      }
      expect(restored).toMatchObject({ exitCode: 0 });
      expect(differences(variants[variant] ?? new Map(), snapshotTree(scratch.path(name)))).toEqual([]);
      hits += 1;
      must(["rm", "-rf", scratch.path(name)]);
    }
  };
  const cleaning = async (): Promise<void> => {
    while (!stores.isOver) {
      for (const size of ["0", "600KiB", "1MiB"]) {
        const cleaned = await finishedOf(startBtdt(["clean", "-c", cache.path, "--max-size", size]));
        expect(cleaned).toMatchObject({ exitCode: 0, stderr: "" });
        removals += cleaned.stdout.split("Removed key").length - 1;
      }
    }
  };
  const storingAll = Promise.all([0, 1, 2].map(storing)).finally(() => {
    stores.isOver = true;
  });
  await Promise.all([storingAll, restoring(0), restoring(1), cleaning()]);
  // Otherwise nothing was tried.
  expect(hits).toBeGreaterThan(0);
  expect(removals).toBeGreaterThan(0);

  for (const variant of [0, 1, 2]) {
    cache.store(`key${variant}`, `variant${variant}`);
    expect(cache.restore(`key${variant}`, `end${variant}`).exitCode).toBe(0);
    expect(differences(variants[variant] ?? new Map(), snapshotTree(scratch.path(`end${variant}`)))).toEqual(
      [],
    );
  }
  cache.clean("--max-size", "0");
  expect([cache.keys(), cache.manifests(), cache.objects(), cache.sessions()]).toEqual([[], [], [], []]);
});

/** Where a store may stand when a clean comes: announcing itself, linking, publishing. */
const STORE_MOMENTS = [
  { calls: "mkdir,mkdirat", when: 1 },
  { calls: "rename,renameat,renameat2", when: 1 },
  // Not at a later rename: the intent and the key get their names under the lock that a clean waits for.
  { calls: "link,linkat", when: 1 },
  { calls: "link,linkat", when: 2 },
  // The manifest gets its name.
  { calls: "link,linkat", when: 3 },
  { calls: "fsync", when: 1 },
  { calls: "fsync", when: 4 },
] as const;

for (const { calls, when } of STORE_MOMENTS) {
  testWith(
    ["strace"],
    `a clean beside a store that stands at ${calls} ${when} takes nothing that it needs`,
    async () => {
      makeTree(scratch.path("tree"), dir({ a: file("a"), sub: dir({ b: file("b") }) }));
      cache.store("old", "tree");
      // The objects are there, the manifest has to be published.
      mkdirSync(scratch.path("tree", "new"));
      const before = snapshotTree(scratch.path("tree"));
      const trace = scratch.path("trace");
      const stored = await stoppedAt(
        { calls, when },
        cache.storeWords("new", "tree", "--link", "hard"),
        trace,
        () => {
          for (let round = 0; round < 2; round++) {
            expect(cache.clean("--max-size", "0")).toMatchObject({ exitCode: 0 });
          }
        },
      );
      expect(stored).toMatchObject({ exitCode: 0 });
      // The key itself may have been the least recently used one, if it was there already.
      const restored = cache.restore("new", "to");
      if (cache.keys().includes("new")) {
        expect(restored.exitCode).toBe(0);
        expect(differences(before, snapshotTree(scratch.path("to")))).toEqual([]);
      } else {
        expect(restored.exitCode).toBe(4);
      }
      expect(cache.clean().exitCode).toBe(0);
      expect(btdt(cache.storeWords("new", "tree")).exitCode).toBe(0);
      expect(cache.restore("new", "again").exitCode).toBe(0);
    },
  );
}

testWith(
  ["strace"],
  "a clean that empties the cache under a restore makes it a miss or leaves it whole",
  async () => {
    makeTree(scratch.path("tree"), dir({ a: file("a"), b: file("b"), sub: dir({ c: file("c") }) }));
    const before = snapshotTree(scratch.path("tree"));
    for (const [index, moment] of [
      { calls: "openat", path: cache.below("keys", "key") },
      { calls: "link,linkat", when: 1 },
      { calls: "link,linkat", when: 3 },
      { calls: "utimensat", when: 1 },
    ].entries()) {
      cache.store("key", "tree");
      const words = cache.restoreWords("key", `to${index}`, "--link", "hard");
      const restored = await stoppedAt(moment, words, scratch.path(`trace${index}`), () => {
        expect(cache.clean("--max-size", "0").stdout).toContain("Removed key (size)");
        expect(cache.objects()).toEqual([]);
      });
      expect([0, 4]).toContain(restored.exitCode);
      if (restored.exitCode === 0)
        expect(differences(before, snapshotTree(scratch.path(`to${index}`)))).toEqual([]);
      else expect(readdirSync(scratch.path())).not.toContain(`to${index}`);
      expect(restored.stderr).not.toContain("bug in btdt");
    }
  },
);

testWith(
  ["strace"],
  "an entry that is replaced and cleaned away under a restore: the new one is restored",
  async () => {
    makeTree(scratch.path("old"), dir({ a: file("a"), b: file("b"), sub: dir({ c: file("c") }) }));
    makeTree(scratch.path("new"), dir({ a: file("new a"), d: file("new d") }));
    const after = snapshotTree(scratch.path("new"));
    for (const [index, moment] of [
      { calls: "openat", path: cache.below("keys", "key") },
      { calls: "link,linkat", when: 1 },
      { calls: "link,linkat", when: 2 },
    ].entries()) {
      cache.store("key", "old");
      const words = cache.restoreWords("key", `to${index}`, "--link", "hard");
      const restored = await stoppedAt(moment, words, scratch.path(`trace${index}`), () => {
        cache.store("key", "new");
        expect(cache.clean()).toMatchObject({ exitCode: 0 });
        expect(cache.objects()).toHaveLength(2);
      });
      expect(restored).toMatchObject({ exitCode: 0 });
      expect(restored.stderr).not.toContain("counts as a miss");
      expect(differences(after, snapshotTree(scratch.path(`to${index}`)))).toEqual([]);
    }
  },
);

testWith(["strace"], "two cleans at once: the second waits for the first", async () => {
  makeTree(scratch.path("tree"), dir({ a: file("a") }));
  cache.store("key", "tree");
  // Stopped while it holds the lock: it has just removed the key.
  const words = ["clean", "-c", cache.path, "--max-size", "0"];
  let second: ReturnType<typeof startBtdt> | undefined;
  const first = await stoppedAt(
    { calls: "unlink,unlinkat", when: 1 },
    words,
    scratch.path("trace"),
    async () => {
      const asking = scratch.path("asking");
      second = startBtdt(words, { through: ["strace", "-f", "-qq", "-o", asking, "-e", "trace=flock"] });
      await traced(asking, /(EAGAIN[^]*){4}/);
      expect(second.exitCode).toBeNull();
    },
  );
  expect(first).toMatchObject({ exitCode: 0 });
  expect(first.stdout).toContain("Removed key (size)");
  expect(second === undefined ? undefined : await finishedOf(second)).toEqual({
    exitCode: 0,
    stdout: "Kept 0 entries, 0 B\n",
    stderr: "",
  });
});

describe("a clean does not fail because of a session that is closed meanwhile", () => {
  const SESSION = "11111111-2222-4333-8444-555555555555";
  const session = (): string => cache.below("sessions", SESSION);

  function storeOne(): string {
    makeTree(scratch.path("tree"), dir({ f: file("content") }));
    cache.store("key", "tree");
    const [manifest = ""] = cache.manifests();
    mkdirSync(session());
    return manifest;
  }

  const clean = (path: string, meanwhile: () => void) =>
    stoppedAt({ calls: "statx", path }, ["clean", "-c", cache.path], scratch.path("trace"), meanwhile);

  testWith(["strace"], "and had left a mark", async () => {
    const manifest = storeOne();
    const mark = `${"0".repeat(32)}-${SESSION}-${basename(manifest)}`;
    copyFileSync(cache.below("manifests", manifest), cache.below("unflushed", mark));
    const cleaned = await clean(join(session(), "lock"), () => rmdirSync(session()));
    expect(cleaned).toMatchObject({ exitCode: 0, stderr: "" });
    expect(cache.restore("key", "to").exitCode).toBe(0);
  });

  testWith(["strace"], "and had announced a manifest", async () => {
    const manifest = storeOne();
    const lock = LockFile.create(bytesFromText(join(session(), "lock")));
    expect(lock.tryLock("exclusive")).toBe("locked");
    const intent = join(session(), basename(manifest));
    copyFileSync(cache.below("manifests", manifest), intent);
    const cleaned = await clean(intent, () => unlinkSync(intent));
    lock.close();
    expect(cleaned).toMatchObject({ exitCode: 0, stderr: "" });
  });
});
