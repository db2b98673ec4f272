import { expect, test } from "bun:test";
import { readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { BTDT, must } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { stoppedAt } from "../support/trace.ts";
import { dir, file, makeTree, symlink } from "../support/tree.ts";
import { Work } from "../support/work.ts";

/** What looks after entries, and into them, when these have several trees. */
const scratch = Scratch.use();
const cache = new TestCache(scratch);
const work = new Work(scratch, cache);

const mtime = "@1700000000";

function content(letter: string, sizeBytes = 50_000) {
  return file(letter.repeat(sizeBytes), { mtime });
}

/** `both` has two trees, `one` shares the first of them, `other` has something else. */
function storeThree(...options: string[]): void {
  work.make("from", {
    shared: dir({ s: content("s") }, { mtime }),
    own: dir({ o: content("o") }, { mtime }),
    else: dir({ e: content("e") }, { mtime }),
  });
  work.store("from", "both", ...options, "shared", "own");
  work.store("from", "one", ...options, "shared");
  work.store("from", "other", ...options, "else");
  for (const [index, key] of ["both", "one", "other"].entries()) use(key, 1_700_000_000 + 1000 * index);
}

function use(key: string, seconds: number): void {
  utimesSync(cache.below("keys", key), seconds, seconds);
}

function document(command: string, ...words: string[]) {
  const { stdout } = work.run("from", command, "--json", ...words);
  expect(stdout.trimEnd().split("\n")).toHaveLength(1);
  return JSON.parse(stdout);
}

function expectWhole(key: string, ...names: string[]): void {
  const to = `to-${key}-${crypto.randomUUID()}`;
  work.make(to);
  expect(work.restore(to, key)).toMatchObject({ exitCode: 0, stdout: `Restored key ${key}\n` });
  for (const name of names) {
    expect(compareTrees(scratch.path("from", name), scratch.path(to, name))).toEqual([]);
  }
  expect(readdirSync(scratch.path(to)).toSorted()).toEqual(names.toSorted());
}

for (const storage of ["objects", "packs"]) {
  test(`clean keeps all trees of a key, and what another key shares with an evicted one: ${storage}`, () => {
    storeThree("--storage", storage);
    expect(cache.clean().stdout).toMatch(/^Kept 3 entries, [\d.]+ \w+\n$/);
    expectWhole("both", "shared", "own");
    use("both", 1_700_000_000);
    expect(cache.manifests()).toHaveLength(3);

    const [listed] = document("list", "--prefix", "both").entries;
    const before = document("stats").keptBytes;
    const cleaned = cache.clean("--json", "--max-size", `${before - 1}B`);
    expect(JSON.parse(cleaned.stdout).removed).toMatchObject([{ keys: ["both"], reason: "size" }]);
    expect(cache.keys()).toEqual(["one", "other"]);
    expect(cache.manifests()).toHaveLength(2);
    expectWhole("one", "shared");
    expectWhole("other", "else");
    if (storage === "objects") expect(before - document("stats").keptBytes).toBe(listed.freedBytes);
  });
}

test("sizes: a manifest and objects that entries share are counted once, and freed with the last of them", () => {
  storeThree();
  const sizes = Object.fromEntries(
    document("list").entries.map(({ key, ...entry }: { key: string }) => [key, entry]),
  );
  expect(sizes["both"].sizeBytes).toBeGreaterThanOrEqual(100_000);
  expect(sizes["both"].freedBytes).toBeLessThan(sizes["both"].sizeBytes - 50_000);
  expect(sizes["one"].freedBytes).toBeLessThan(50_000);
  expect(sizes["both"]).toMatchObject({ fileCount: 2, contentBytes: 100_000 });
  const before = document("stats");
  expect(before).toMatchObject({ keyCount: 3, entryCount: 3 });
  expect(before.savedBytes).toBeGreaterThan(50_000);
  work.run("from", "delete", "one");
  cache.clean();
  expect(before.keptBytes - document("stats").keptBytes).toBe(sizes["one"].freedBytes);
  work.run("from", "delete", "both");
  cache.clean();
  expect(cache.manifests()).toHaveLength(1);
  expect(cache.objects()).toHaveLength(1);
  expectWhole("other", "else");
});

test("a key with a damaged second tree is removed; the manifest it shares with a whole one stays", () => {
  storeThree();
  const [, own] = work.trees("both");
  const manifest = own?.manifest ?? "";
  rmSync(cache.below("manifests", manifest.slice(0, 2), manifest));
  const [listed] = document("list", "--prefix", "both").entries;
  expect(listed.damage).toBe("its manifest is missing");
  const cleaned = JSON.parse(cache.clean("--json").stdout);
  expect(cleaned.removed).toMatchObject([{ keys: ["both"], reason: "damage" }]);
  expectWhole("one", "shared");
  expect(cache.objects()).toHaveLength(2);
});

test("store, restore, list and inspect tell the trees as JSON", () => {
  work.make("from", { a: dir({ x: content("x", 3) }), b: content("y", 2) });
  const stored = document("store", "-k", "k,l", "--link", "hard", "a", "b");
  const trees = [
    { path: "a", manifest: expect.stringMatching(/^[0-9a-f]{64}$/), fileCount: 1, contentBytes: 3 },
    { path: "b", manifest: expect.stringMatching(/^[0-9a-f]{64}$/), fileCount: 1, contentBytes: 2 },
  ];
  expect(stored).toMatchObject({ version: 1, keys: ["k", "l"], trees, fileCount: 2, contentBytes: 5 });
  expect(stored.fileCounts.linked).toBe(2);
  const restored = document("restore", "-k", "k", "--link", "hard");
  expect(restored).toEqual({
    version: 1,
    outcome: "hit",
    cache: cache.path,
    isUseNoted: true,
    mendedCount: 0,
    key: "k",
    keys: ["k"],
    fallbackPrefixes: [],
    trees,
    destinations: ["a", "b"],
    fileCount: 2,
    contentBytes: 5,
    // A directory that is there is compared with, a single file is made anew.
    fileCounts: { reflinked: 0, linked: 1, copied: 0, unpacked: 0, unchanged: 1 },
  });
  expect(document("restore", "-k", "k", "../c", "./d").destinations).toEqual(["../c", "./d"]);
  const { entries } = document("list");
  expect(entries).toHaveLength(2);
  expect(entries[0]).toMatchObject({ trees, fileCount: 2, contentBytes: 5 });
  expect(document("inspect", "k")).toMatchObject({
    key: "k",
    trees,
    fileCount: 2,
    contentBytes: 5,
    files: [{ path: "a" }, { path: "a/x" }, { path: "b" }],
  });
  const wrong = document("restore", "-k", "k", "one");
  expect(wrong.error).toMatchObject({ code: "USAGE", message: expect.stringContaining("2 paths (a, b)") });
});

test("inspect lists the files of several trees below their paths", () => {
  work.make("from", {
    a: dir({ x: content("x", 3), l: symlink("x", mtime) }, { mtime }),
    ".b": dir({ c: content("y", 2) }),
  });
  work.make("beside", { y: content("z", 1) });
  work.store("from", "k", "a", ".b/c", "../beside/y");
  const inspected = work.run("from", "inspect", "k");
  expect(inspected.stdout.split("\n")).toEqual([
    "-rw-r--r--  2  2023-11-14 22:13:20  .b/c",
    "drwxr-xr-x  0  2023-11-14 22:13:20  a",
    "lrwxrwxrwx  0  2023-11-14 22:13:20  a/l -> x",
    "-rw-r--r--  3  2023-11-14 22:13:20  a/x",
    "-rw-r--r--  1  2023-11-14 22:13:20  path-3",
    "",
  ]);
  expect(inspected.stderr).toMatch(/^btdt: stored \S+, 3 paths, 3 files, 6 B, from a, \.b\/c\n$/);
});

test("inspect --diff compares trees by their paths when an entry has several", () => {
  work.make("from", { a: dir({ x: content("x", 3) }), b: dir({ y: content("y", 3) }) });
  work.store("from", "a", "a");
  work.store("from", "ab", "a", "b");
  work.store("from", "ba", "b", "a");
  work.store("from", "b", "b");
  const diff = (...keys: [string, string]) => work.run("from", "inspect", keys[0], "--diff", keys[1]).stdout;
  expect(diff("a", "ab")).toBe("+ b\n+ b/y\n");
  expect(diff("ab", "b")).toBe("- a\n- a/x\n");
  expect(diff("ab", "ba")).toBe("");
  // Of single trees the place does not count.
  expect(diff("a", "b")).toBe("- x\n+ y\n");
  writeFileSync(scratch.path("from/b/z"), "z");
  work.store("from", "abz", "a", "b");
  expect(diff("ab", "abz")).toBe("+ b/z\n");
});

for (const format of ["tar", "tar.gz", "zip"]) {
  test(`an export has each tree below its path, and is imported as one tree: ${format}`, () => {
    work.make("from", {
      node_modules: dir({ a: content("a", 10), l: symlink("a") }),
      ".next": dir({ cache: dir({ c: content("c", 10) }) }),
      "state.json": content("s", 10),
    });
    work.make("beside", { "other tree": dir({ o: content("o", 10) }) });
    work.store(
      "from",
      "k",
      "--storage",
      "packs",
      "node_modules",
      ".next/cache",
      "state.json",
      "../beside/other tree",
    );
    const words = [BTDT, "export", "-c", cache.path, "-k", "k", "--format", format];
    must(["sh", "-c", '"$@" > "$0"', scratch.path("archive"), ...words]);
    expect(work.run("from", "import", "-k", "back", "../archive")).toMatchObject({ exitCode: 0 });
    expect(work.trees("back").map(({ path }) => path)).toEqual([undefined]);
    expect(work.restore("from", "back").exitCode).toBe(2);
    expect(work.restore("from", "back", "../to").exitCode).toBe(0);
    must(["cp", "-a", scratch.path("beside", "other tree"), scratch.path("from", "path-4")]);
    const options = { withMtime: false, withRoot: false };
    expect(compareTrees(scratch.path("from"), scratch.path("to"), options)).toEqual([]);
  });
}

test("help knows that there may be several", () => {
  for (const [command, usage] of [
    ["store", "btdt store [options] <source...>"],
    ["restore", "btdt restore [options] [destination...]"],
    ["run", "btdt run [options] <path...> -- <command> [argument...]"],
  ] as const) {
    expect(must([BTDT, command, "--help"])).toContain(`Usage: ${usage}\n`);
  }
});

// At the later ones the first tree is all there, and nothing but its intent says that it is needed.
for (const { calls, when } of [
  { calls: "link,linkat", when: 1 },
  { calls: "link,linkat", when: 2 },
  { calls: "link,linkat", when: 3 },
  { calls: "fsync", when: 1 },
  { calls: "fsync", when: 3 },
]) {
  testWith(
    ["strace"],
    `a clean beside a store of two paths, at ${calls} ${when}, leaves both alone`,
    async () => {
      makeTree(scratch.path("a"), dir({ x: content("x") }));
      makeTree(scratch.path("b"), dir({ y: content("y") }));
      const words = [...cache.storeWords("new", "a", "--link", "hard"), scratch.path("b")];
      const stored = await stoppedAt({ calls, when }, words, scratch.path("trace"), () => {
        expect(cache.clean("--max-size", "0")).toMatchObject({ exitCode: 0 });
      });
      expect(stored).toMatchObject({ exitCode: 0 });
      work.make("to");
      expect(work.restore("to", "new", "a", "b")).toMatchObject({ exitCode: 0 });
      for (const name of ["a", "b"])
        expect(compareTrees(scratch.path(name), scratch.path("to", name))).toEqual([]);
    },
  );
}
