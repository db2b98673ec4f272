import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { btdt, finishedOf, must, startBtdt } from "../support/executable.ts";
import { mountTmpfs } from "../support/mounts.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { injecting, stoppedAt } from "../support/trace.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);
const NOTE = "size";

/** A tree that no compression makes smaller. */
function makeSource(name: string, kibibytes = 100): void {
  const content = Buffer.alloc(kibibytes * 1024);
  crypto.getRandomValues(content.subarray(0, Math.min(content.length, 65_536)));
  for (let start = 65_536; start < content.length; start += 65_536)
    crypto.getRandomValues(content.subarray(start, Math.min(start + 65_536, content.length)));
  makeTree(scratch.path(name), dir({ f: file(content) }));
}

/** So that each entry has been used at a different time. */
function store(name: string, maxSize: string, usedSecondsAgo = 0) {
  makeSource(name);
  const stored = cache.store(name, name, "--max-size", maxSize);
  if (usedSecondsAgo > 0) must(["touch", "-d", `${usedSecondsAgo} seconds ago`, cache.below("keys", name)]);
  return stored;
}

function expectWhole(name: string, path = cache.path): void {
  const to = scratch.fresh("to");
  expect(btdt(["restore", "-c", path, "-k", name, to])).toMatchObject({ exitCode: 0 });
  expect(compareTrees(scratch.path(name), to)).toEqual([]);
}

for (const storage of ["objects", "packs"]) {
  test(`the least recently used entries make room: ${storage}`, () => {
    const options = ["--storage", storage, "--max-size", "380KiB"];
    for (const name of ["a", "b", "c", "d"]) makeSource(name);
    for (const [name, seconds] of [
      ["a", 30],
      ["b", 20],
      ["c", 10],
    ] as const) {
      expect(cache.store(name, name, ...options).stderr).not.toContain("evicted");
      must(["touch", "-d", `${seconds} seconds ago`, cache.below("keys", name)]);
    }
    expect(cache.restore("a", "used").exitCode).toBe(0);
    const stored = cache.store("d", "d", ...options, "--verbose");
    expect(stored.stderr).toMatch(/evicted 1 entry to make room: frees 10\d KiB\n.*evicted b\n/);
    expect(cache.keys()).toEqual(["a", "c", "d"]);
    for (const name of ["a", "c", "d"]) expectWhole(name);
    const cleaned = JSON.parse(cache.clean("--json").stdout);
    expect(cleaned).toMatchObject({ removed: [], garbage: { count: 0 }, kept: { entryCount: 3 } });
    expect(cleaned.kept.bytes).toBeLessThan(380 * 1024);
  });
}

test("the entry itself is never evicted, and JSON lists what was", () => {
  store("a", "1MiB", 10);
  makeSource("b");
  const stored = cache.store("b,b2", "b", "--max-size", "1KiB", "--json");
  expect(JSON.parse(stored.stdout)).toMatchObject({ evicted: [{ keys: ["a"], reason: "size" }] });
  expect(stored.stderr).toContain("more than 1.0 KiB: nothing else can be evicted");
  expect(cache.keys()).toEqual(["b", "b2"]);
  expectWhole("b");
});

testWith(["strace"], "with room, a store does not look at the rest of the cache", () => {
  store("a", "1MiB");
  makeSource("b");
  const trace = scratch.path("trace");
  const words = ["strace", "-f", "-qq", "-o", trace, "-e", "trace=getdents64"];
  expect(btdt(cache.storeWords("b", "b", "--max-size", "1MiB"), { through: words }).exitCode).toBe(0);
  const countListings = () => readFileSync(trace, "utf8").split("getdents64(").length - 1;
  const withRoom = countListings();
  expect(withRoom).toBeLessThan(40);
  // What nobody can believe is measured again.
  writeFileSync(cache.below(NOTE), "btdt cache size 1\nmuch\n");
  expect(btdt(cache.storeWords("c", "b", "--max-size", "1MiB"), { through: words }).exitCode).toBe(0);
  expect(countListings()).toBeGreaterThan(withRoom);
  expect(readFileSync(cache.below(NOTE), "utf8")).toMatch(/^btdt cache size 1\n\d+ \d{6}\n$/);
});

test("run takes it, too, and the variable", () => {
  makeSource("made");
  const words = (key: string) => ["run", "-c", cache.path, "-k", key, scratch.path("out")];
  const command = ["--", "cp", "-r", scratch.path("made"), scratch.path("out")];
  scratch.directory("cache");
  const env = { BTDT_MAX_SIZE: "150KiB" };
  for (const key of ["one", "two"]) {
    rmSync(scratch.path("out"), { recursive: true, force: true });
    writeFileSync(scratch.path("made", "f"), key.repeat(40_000));
    expect(btdt([...words(key), ...command], { env })).toMatchObject({ exitCode: 0 });
    must(["touch", "-d", "10 seconds ago", cache.below("keys", key)]);
  }
  expect(cache.keys()).toEqual(["two"]);
});

describe("a full volume", () => {
  testWith(["mount"], "makes room for a second attempt, and says when nothing is left to evict", () => {
    const full = mountTmpfs(scratch, "full", "6m");
    const start = ["store", "-c", full, "--storage", "packs", "--compression", "none"];
    const words = (name: string, ...options: string[]) => [
      ...start,
      "-k",
      name,
      ...options,
      scratch.path(name),
    ];
    for (const [name, kibibytes] of [
      ["a", 1500],
      ["b", 1500],
      ["c", 3500],
      ["huge", 9000],
    ] as const)
      makeSource(name, kibibytes);
    for (const name of ["a", "b"]) expect(btdt(words(name))).toMatchObject({ exitCode: 0 });
    must(["touch", "-d", "10 seconds ago", `${full}/btdt-v1/keys/a`]);
    expect(btdt(words("c"))).toMatchObject({ exitCode: 1 });
    const stored = btdt(words("c", "--max-size", "1GiB"));
    expect(stored).toMatchObject({ exitCode: 0 });
    expect(stored.stderr).toContain("evicted 2 entries to make room");
    expectWhole("c", full);

    const failed = btdt(words("huge", "--max-size", "1GiB"));
    expect([failed.exitCode, failed.stdout]).toEqual([1, ""]);
    expect(failed.stderr).toContain("not enough could be freed: enlarge the volume");
    expect(failed.stderr).not.toContain("btdt clean");
    const again = btdt(words("huge", "--max-size", "1GiB"));
    expect([again.exitCode, again.stderr]).toEqual([
      1,
      expect.stringContaining("no space left on the device"),
    ]);
  });
});

describe("beside other processes", () => {
  testWith(["strace"], "what a running store is about to publish stays", async () => {
    store("a", "1MiB", 20);
    makeSource("slow");
    const meanwhile = (): void => {
      store("b", "10KiB");
      expect(cache.keys()).toEqual(["b"]);
    };
    // Its objects are there, its manifest and its key are not.
    const words = cache.storeWords("slow", "slow", "--link", "copy");
    const slow = await stoppedAt({ calls: "syncfs" }, words, scratch.path("trace"), meanwhile);
    expect(slow.exitCode).toBe(0);
    expectWhole("slow");
    expectWhole("b");
  });

  test("stores at once leave whole entries, and not too many", async () => {
    const names = Array.from({ length: 6 }, (_, index) => `s${index}`);
    for (const name of names) makeSource(name);
    const words = names.map((name) => cache.storeWords(name, name, "--max-size", "250KiB"));
    const finished = await Promise.all(words.map((each) => finishedOf(startBtdt(each))));
    expect(finished.map(({ exitCode }) => exitCode)).toEqual(names.map(() => 0));
    store("last", "250KiB");
    const kept = cache.keys();
    expect(kept).toContain("last");
    expect(kept.length).toBeLessThanOrEqual(2);
    for (const name of kept) expectWhole(name);
  });

  testWith(["strace"], "a kill at any step leaves whole entries, and the next store goes on", () => {
    makeSource("next", 10);
    let kills = 0;
    for (const injection of [
      { calls: "write", what: "signal=KILL:when=1", path: cache.below(NOTE) },
      { calls: "rename,renameat,renameat2", what: "signal=KILL:when=5" },
      { calls: "unlink,unlinkat", what: "signal=KILL:when=4" },
      { calls: "unlink,unlinkat", what: "signal=KILL:when=6" },
    ]) {
      for (const name of ["a", "b"]) {
        rmSync(scratch.path(name), { recursive: true, force: true });
        store(name, "1MiB", 10);
      }
      makeSource("c", 150);
      const through = injecting(injection);
      const killed = btdt(cache.storeWords("c", "c", "--max-size", "200KiB"), { through });
      if (killed.exitCode === 137) kills += 1;
      expect(cache.store("next", "next", "--max-size", "200KiB").exitCode).toBe(0);
      const cleaned = JSON.parse(cache.clean("--json").stdout);
      expect(cleaned.kept.bytes).toBeLessThan(200 * 1024);
      expect(cleaned.removed).toEqual([]);
      for (const key of cache.keys()) if (existsSync(scratch.path(key))) expectWhole(key);
      rmSync(scratch.path("c"), { recursive: true });
      expect(statSync(cache.below(NOTE)).size).toBeLessThan(200);
    }
    expect(kills).toBe(4);
  });
});
