import { describe, expect } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { compareTrees, differences, snapshotTree } from "../support/compare-trees.ts";
import { btdt, must, run } from "../support/executable.ts";
import { mountImage, mountTmpfs } from "../support/mounts.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { injecting } from "../support/trace.ts";
import { dir, file, makeTree, type TreeNode } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

/** Two entries: one that is in the cache, and one for which there will be no room. */
function prepare(): void {
  makeTree(scratch.path("old"), dir({ a: file("a"), b: dir({ c: file("c") }) }));
  const directories = Array.from({ length: 300 }, (_, index): [string, TreeNode] => [
    `d${index}`,
    dir({ x: file(`x${index}`), y: file(`y${index}`) }),
  ]);
  makeTree(scratch.path("new"), dir({ ...Object.fromEntries(directories), a: file("a") }));
}

function expectOldWhole(path = cache.path): void {
  expect(btdt(["restore", "-c", path, "-k", "old", scratch.path("check")])).toMatchObject({ exitCode: 0 });
  expect(compareTrees(scratch.path("old"), scratch.path("check"))).toEqual([]);
  must(["rm", "-rf", scratch.path("check")]);
}

/** With the first calls to fail: the executable itself writes twice before it begins. */
const WRITES = [
  ["write,pwrite64", 3],
  ["link,linkat", 1],
  ["mkdir,mkdirat", 1],
  ["rename,renameat,renameat2", 1],
  ["fsync", 1],
] as const;

for (const [calls, first] of WRITES) {
  testWith(
    ["strace"],
    `no room for any ${calls} of a store: an error, old entries whole, nothing half-published`,
    () => {
      prepare();
      cache.store("old", "old");
      const before = { keys: cache.keys(), manifests: cache.manifests() };
      let failures = 0;
      const cases = [0, 1, 3].map((offset) => [`${first + offset}`, "hard"] as const);
      for (const [when, mode] of [
        ...cases,
        [`${first}+`, "copy"],
        [`${first + 40}+`, "copy"],
        [`${first}+`, "hard"],
      ] as const) {
        const through = injecting({ calls, what: `error=ENOSPC:when=${when}` });
        const stored = btdt(cache.storeWords("new", "new", "--link", mode), { through });
        if (stored.exitCode !== 0) {
          failures += 1;
          expect({ when, mode, exitCode: stored.exitCode, stdout: stored.stdout }).toEqual({
            when,
            mode,
            exitCode: 1,
            stdout: "",
          });
          // Where every write fails, the message's own does too.
          if (!(calls.startsWith("write") && when.endsWith("+"))) {
            expect(stored.stderr).toContain("no space left on the device");
            expect(stored.stderr).toContain("btdt clean --max-size");
          }
        }
        // Whole or a miss, whatever the store said: the last step can fail when the key has its name already.
        const restored = cache.restore("new", "to");
        expect({ when, mode, exitCode: restored.exitCode }).toEqual({
          when,
          mode,
          exitCode: existsSync(cache.below("keys", "new")) ? 0 : 4,
        });
        if (restored.exitCode === 0)
          expect(compareTrees(scratch.path("new"), scratch.path("to"))).toEqual([]);
        must(["rm", "-rf", scratch.path("to"), cache.below("keys", "new")]);
        expect(cache.clean().exitCode).toBe(0);
        expect({ keys: cache.keys(), manifests: cache.manifests() }).toEqual(before);
        expect(cache.sessions().filter((name) => !name.endsWith(".new"))).toEqual([]);
      }
      expect(failures).toBeGreaterThan(0);
      expectOldWhole();
    },
  );
}

testWith(
  ["mount"],
  "a file system that is really full: the store fails, a clean makes room, it works",
  () => {
    prepare();
    const full = mountTmpfs(scratch, "full", "10m");
    const words = (key: string, source: string) => [
      "store",
      "-c",
      full,
      "-k",
      key,
      "--storage",
      "objects",
      source,
    ];
    expect(btdt(words("old", scratch.path("old"))).exitCode).toBe(0);
    makeTree(
      scratch.path("large"),
      dir({ a: file(Buffer.alloc(5 * 2 ** 20, "a")), b: file(Buffer.alloc(7 * 2 ** 20, "b")) }),
    );
    makeTree(scratch.path("fits"), dir({ b: file(Buffer.alloc(7 * 2 ** 20, "b")) }));
    const failed = btdt(words("large", scratch.path("large")));
    expect(failed).toMatchObject({ exitCode: 1, stdout: "" });
    expect(failed.stderr).toContain(`cannot write to the cache ${full}: no space left on the device`);
    expect(readdirSync(`${full}/btdt-v1/keys`)).toEqual(["old"]);
    expectOldWhole(full);
    expect(btdt(["clean", "-c", full]).exitCode).toBe(0);
    expect(btdt(words("fits", scratch.path("fits")))).toMatchObject({ exitCode: 0 });
    expectOldWhole(full);
  },
);

testWith(["mount"], "no room for the cache's own directories", () => {
  prepare();
  // Counted in inodes, of which the cache needs more.
  const tiny = scratch.directory("tiny");
  must(["mount", "-t", "tmpfs", "-o", "size=1m,nr_inodes=6", "btdt-test", tiny]);
  scratch.noteMount(tiny);
  const { exitCode, stderr } = btdt(["store", "-c", tiny, "-k", "old", scratch.path("old")]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain("no space left on the device");
  must(["mount", "-o", "remount,nr_inodes=5000", tiny]);
  expect(btdt(["restore", "-c", tiny, "-k", "old", scratch.path("to")]).exitCode).toBe(4);
  expect(btdt(["store", "-c", tiny, "-k", "old", scratch.path("old")])).toMatchObject({ exitCode: 0 });
  expectOldWhole(tiny);
});

testWith(["mount"], "a restore by copy onto a full file system leaves nothing and says why", () => {
  prepare();
  makeTree(
    scratch.path("large"),
    dir({ a: file(Buffer.alloc(3 * 2 ** 20, "a")), b: file(Buffer.alloc(3 * 2 ** 20, "b")) }),
  );
  cache.store("large", "large");
  cache.store("new", "new");
  const small = mountTmpfs(scratch, "small", "4m");
  const { exitCode, stdout, stderr } = cache.restore("large", "small/to");
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  expect(stderr).toContain(`cannot restore to ${small}/to: no space left on the device`);
  expect(readdirSync(small)).toEqual([]);

  // Into a directory that stays: what was there is untouched. Several threads meet the full disk at once.
  makeTree(`${small}/mine`, dir({ d1: dir({ x: file("mine") }) }));
  must(["sh", "-c", `dd if=/dev/zero of=${small}/ballast bs=64k count=60 status=none`]);
  const before = snapshotTree(`${small}/mine`, { withRoot: false });
  const second = cache.restore("new", "small/mine");
  expect({ exitCode: second.exitCode, stdout: second.stdout }).toEqual({ exitCode: 1, stdout: "" });
  expect(second.stderr).toContain("no space left on the device");
  expect(differences(before, snapshotTree(`${small}/mine`, { withRoot: false }))).toEqual([]);
  expect(existsSync(`${small}/to`)).toBe(false);
});

describe("a clean of a volume that other files have filled", () => {
  /** Entries of both kinds on a volume, and files beside the cache that leave no room. */
  function fill(volume: string, fillUp: string): string {
    const full = scratch.directory(volume, "cache");
    for (const storage of ["objects", "packs"]) {
      const content = Buffer.from(crypto.getRandomValues(new Uint8Array(60_000)));
      makeTree(scratch.path(storage), dir({ f: file(content), g: file(storage) }));
      const words = ["store", "-c", full, "-k", storage, "--storage", storage, scratch.path(storage)];
      expect(btdt(words).exitCode).toBe(0);
    }
    // Until there is no more room.
    run(["sh", "-c", fillUp], { cwd: scratch.path(volume) });
    expect(run(["mkdir", scratch.path(volume, "no-room")]).exitCode).not.toBe(0);
    return full;
  }

  function expectCleaned(full: string): void {
    const warning = `btdt: warning: the volume of ${full} is full: no packs are rewritten\n`;
    const one = btdt(["clean", "-c", full, "--max-age", "10d"]);
    expect(one).toMatchObject({ exitCode: 0, stderr: warning });
    for (const key of ["objects", "packs"]) {
      const restored = btdt(["restore", "-c", full, "-k", key, scratch.path(`${key}-restored`)]);
      expect(restored).toMatchObject({ exitCode: 0 });
      expect(compareTrees(scratch.path(key), scratch.path(`${key}-restored`))).toEqual([]);
    }
    const all = btdt(["clean", "-c", full, "--max-size", "0"]);
    expect(all).toMatchObject({ exitCode: 0, stderr: warning });
    expect(all.stdout).toContain("Kept 0 entries");
    expect(run(["find", `${full}/btdt-v1/packs`, `${full}/btdt-v1/objects`, "-type", "f"]).stdout).toBe("");
    const again = ["store", "-c", full, "-k", "again", scratch.path("objects")];
    expect(btdt(again)).toMatchObject({ exitCode: 0 });
    expect(btdt(["clean", "-c", full])).toMatchObject({ exitCode: 0, stderr: "" });
  }

  testWith(["mount"], "so that no inode is free", () => {
    const volume = scratch.directory("volume");
    must(["mount", "-t", "tmpfs", "-o", "size=20m,nr_inodes=1500", "btdt-test", volume]);
    scratch.noteMount(volume);
    expectCleaned(fill("volume", "for i in $(seq 2000); do : >f$i || exit; done"));
  });

  testWith(["mount", "mkfs.ext4"], "so that no block is free", () => {
    const volume = mountImage(scratch, "volume", "ext4");
    // Root may not use what is reserved for it either.
    must(["tune2fs", "-m", "0", scratch.path("volume.img")]);
    must(["mount", "-o", "remount", volume]);
    expectCleaned(
      fill("volume", "dd if=/dev/zero of=a bs=1M; dd if=/dev/zero of=b bs=4k; dd if=/dev/zero of=c bs=1k"),
    );
  });

  testWith(["strace"], "and that stays full, says what helps", () => {
    prepare();
    cache.store("old", "old");
    const through = injecting({
      calls: "fsync,syncfs,openat",
      what: "error=ENOSPC",
      path: cache.below("lock"),
    });
    const cleaned = btdt(["clean", "-c", cache.path], { through });
    expect(cleaned.exitCode).toBe(1);
    expect(cleaned.stderr).toContain("delete something else on the volume, or enlarge it");
    expect(cleaned.stderr).not.toContain("btdt clean");
  });
});
