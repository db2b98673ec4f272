import { expect, test } from "bun:test";
import {
  existsSync,
  linkSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { btdt, type Finished } from "../support/executable.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree, symlink, type TreeNode } from "../support/tree.ts";

const scratch = Scratch.use();

function onCache(command: string, ...words: string[]): Finished {
  scratch.directory("cache");
  return btdt([command, "-c", scratch.path("cache"), ...words]);
}

function store(keys: string, tree: TreeNode): void {
  const source = scratch.path("source");
  makeTree(source, tree);
  const stored = onCache("store", "-k", keys, source);
  expect(stored).toMatchObject({ exitCode: 0, stdout: "" });
  rmSync(source, { recursive: true });
}

function document(finished: Finished) {
  expect(finished.stdout.trimEnd().split("\n")).toHaveLength(1);
  const parsed = JSON.parse(finished.stdout);
  expect(parsed.version).toBe(1);
  return parsed;
}

const keyFile = (name: string) => scratch.path("cache", "btdt-v1", "keys", name);
const mtime = "@1700000000";
const shared = file("x".repeat(100_000), { mtime });

test("list shows the most recently used key first, and what each would free", () => {
  store("a", dir({ shared, own: file("a".repeat(50_000), { mtime }) }, { mtime }));
  store("b", dir({ shared }, { mtime }));
  store("other,alias", dir({ small: file("s", { mtime }) }, { mtime }));
  utimesSync(keyFile("a"), 1_700_000_300, 1_700_000_300);
  utimesSync(keyFile("b"), 1_700_000_200, 1_700_000_200);
  const { entries } = document(onCache("list", "--json"));
  expect(entries.map(({ key }: { key: string }) => key).slice(2)).toEqual(["a", "b"]);
  const [, , a, b] = entries;
  expect(a).toMatchObject({ fileCount: 2, contentBytes: 150_000, lastUsedAt: "2023-11-14T22:18:20.000Z" });
  expect(a.sizeBytes).toBeGreaterThanOrEqual(150_000);
  expect(a.freedBytes).toBeGreaterThanOrEqual(50_000);
  expect(a.freedBytes).toBeLessThan(100_000);
  expect(b.sizeBytes).toBeGreaterThanOrEqual(100_000);
  expect(b.freedBytes).toBeLessThan(50_000);
  const lines = onCache("list", "--sizes").stdout.trimEnd().split("\n");
  expect(lines[0]).toMatch(/^KEY +SIZE +DISK +FREES +FILES +STORED +USED$/);
  expect(lines).toHaveLength(5);
  expect(onCache("list", "--prefix", "al").stdout).toMatch(/^KEY.*\nalias .*\n$/);
  expect(onCache("list", "--prefix", "none")).toEqual({ exitCode: 0, stdout: "", stderr: "btdt: no keys\n" });
});

test("what list says that deleting frees is what a clean then frees", () => {
  store("a", dir({ shared, own: file("a".repeat(50_000), { mtime }) }, { mtime }));
  store("b", dir({ shared }, { mtime }));
  const keptBytes = () => document(onCache("stats", "--json")).keptBytes;
  const before = keptBytes();
  const [entry] = document(onCache("list", "--json", "--prefix", "a")).entries;
  expect(onCache("delete", "a")).toEqual({ exitCode: 0, stdout: "Deleted key a\n", stderr: "" });
  onCache("clean");
  expect(before - keptBytes()).toBe(entry.freedBytes);
  expect(onCache("restore", "-k", "b", scratch.path("to")).exitCode).toBe(0);
});

test("a damaged entry is listed as such", () => {
  store("a", dir({ shared }));
  rmSync(scratch.path("cache", "btdt-v1", "objects"), { recursive: true });
  expect(onCache("list", "--sizes").stdout).toContain("a (damaged) ");
  expect(onCache("list", "--damaged").stdout).toContain("a (damaged) ");
  expect(document(onCache("list", "--json")).entries[0].damage).toBe("contents are missing");
});

test("inspect lists files as they are", () => {
  store(
    "k",
    dir(
      {
        run: file("#!/bin/sh\n", { mode: 0o755, mtime }),
        "new\nline": file("", { mode: 0o600, mtime }),
        sub: dir({ to: symlink("../run", mtime) }, { mode: 0o1777, mtime }),
      },
      { mtime },
    ),
  );
  expect(onCache("inspect", "k").stdout.split("\n")).toEqual([
    "drwxr-xr-x   0  2023-11-14 22:13:20  .",
    "-rw-------   0  2023-11-14 22:13:20  new\\nline",
    "-rwxr-xr-x  10  2023-11-14 22:13:20  run",
    "drwxrwxrwt   0  2023-11-14 22:13:20  sub",
    "lrwxrwxrwx   0  2023-11-14 22:13:20  sub/to -> ../run",
    "",
  ]);
  const inspected = document(onCache("inspect", "k", "--json"));
  expect(inspected).toMatchObject({ key: "k", fileCount: 2, contentBytes: 10 });
  expect(inspected.files).toHaveLength(5);
  expect(inspected.files[2]).toMatchObject({ kind: "file", path: "run", mode: 0o755, sizeBytes: 10 });
  store("single", file("content", { mtime }));
  expect(onCache("inspect", "single").stdout).toBe("-rw-r--r--  7  2023-11-14 22:13:20  .\n");
});

test("inspect --diff shows how another entry differs", () => {
  store("a", dir({ same: file("1", { mtime }), gone: file("2"), edited: file("3"), mode: file("4") }));
  store("b", dir({ same: file("1"), more: file("2"), edited: file("x"), mode: file("4", { mode: 0o700 }) }));
  expect(onCache("inspect", "a", "--diff", "b").stdout).toBe("~ edited\n- gone\n~ mode\n+ more\n");
  expect(onCache("inspect", "a", "--diff", "a")).toEqual({
    exitCode: 0,
    stdout: "",
    stderr: "btdt: no differences\n",
  });
  expect(document(onCache("inspect", "a", "--diff", "b", "--json")).differences).toHaveLength(4);
});

test("a missing key is a miss for inspect and delete; a damaged one is an error", () => {
  store("a", dir({}));
  const missed = { exitCode: 4, stdout: "" };
  expect(onCache("inspect", "x")).toMatchObject(missed);
  expect(onCache("inspect", "a", "--diff", "x")).toMatchObject(missed);
  const half = onCache("delete", "x", "a");
  expect(half).toEqual({
    exitCode: 4,
    stdout: "Deleted key a\n",
    stderr: "Keys not found in cache.\nbtdt: not found: x\n",
  });
  expect(existsSync(keyFile("a"))).toBe(false);
  store("a", dir({}));
  writeFileSync(keyFile("a"), "{");
  expect(onCache("inspect", "a")).toMatchObject({ exitCode: 1, stdout: "" });
  expect(document(onCache("delete", "a", "y", "--json"))).toEqual({
    version: 1,
    deleted: ["a"],
    missing: ["y"],
    pinned: [],
    dryRun: false,
  });
});

test("stats count entries, bytes and restores", () => {
  store("a,b", dir({ shared }, { mtime }));
  const to = scratch.path("to");
  for (const keys of ["a", "b", "x,a", "x"]) onCache("restore", "-k", keys, to);
  onCache("run", "-k", "a", to, "--", "false");
  const stats = document(onCache("stats", "--json"));
  expect(stats).toMatchObject({ keyCount: 2, entryCount: 1, garbageBytes: 0 });
  expect(stats.keptBytes).toBeGreaterThanOrEqual(100_000);
  expect(stats.savedBytes).toBeGreaterThanOrEqual(100_000);
  const sum = (outcome: string) =>
    stats.restores.reduce((sum: number, day: Record<string, number>) => sum + (day[outcome] ?? 0), 0);
  expect([sum("hit"), sum("fallback"), sum("miss")]).toEqual([3, 1, 1]);
  const { stdout } = onCache("stats");
  expect(stdout).toStartWith("1 entry under 2 keys: ");
  expect(stdout).toContain("DAY         HITS  FALLBACKS  MISSES\n");
});

for (const [format, family] of [
  ["openmetrics", "btdt_restores"],
  ["prometheus", "btdt_restores_total"],
] as const) {
  test(`stats --${format} is text that a collector takes: every family has one type, every sample its cache`, () => {
    store("a", dir({ shared }));
    onCache("restore", "-k", "a", scratch.path("to"));
    onCache("clean");
    const lines = onCache("stats", `--${format}`).stdout.trimEnd().split("\n");
    const cache = `cache="${scratch.path("cache")}"`;
    expect(lines).toContain(`btdt_keys{${cache}} 1`);
    expect(lines).toContain(`btdt_damaged_entries{${cache}} 0`);
    expect(lines).toContain(`btdt_restores_total{${cache},outcome="hit"} 1`);
    expect(lines).toContain(`# TYPE ${family} counter`);
    expect(lines.at(-1) === "# EOF").toBe(format === "openmetrics");
    const types = lines.flatMap((line) => /^# TYPE (\w+)/.exec(line)?.[1] ?? []);
    expect(new Set(types).size).toBe(types.length);
    const samples = lines.filter((line) => !line.startsWith("#"));
    for (const sample of samples) {
      expect(sample).toMatch(/^btdt_\w+\{cache="[^"]+"(,outcome="\w+")?\} \d+$/);
      const name = sample.split("{")[0] ?? "";
      expect(types).toContain(format === "openmetrics" ? name.replace(/_total$/, "") : name);
    }
  });
}

test("the last clean is known once one has ended, and a planted link leads it nowhere", () => {
  store("a", dir({ shared }));
  const lastCleanMs = () => document(onCache("stats", "--json")).lastCleanMs;
  expect(lastCleanMs()).toBeUndefined();
  onCache("clean", "--dry-run");
  expect(lastCleanMs()).toBeUndefined();
  onCache("clean");
  expect(lastCleanMs()).toBeWithin(Date.now() - 60_000, Date.now() + 60_000);

  const outside = scratch.path("outside");
  const planted = scratch.path("cache", "btdt-v1", "last-clean");
  for (const link of [symlinkSync, linkSync]) {
    writeFileSync(outside, "mine", { mode: 0o600 });
    utimesSync(outside, 1000, 1000);
    rmSync(planted);
    link(outside, planted);
    expect(onCache("clean").exitCode).toBe(0);
    expect(statSync(outside)).toMatchObject({ mtimeMs: 1_000_000, mode: 0o100600 });
  }
});

test("an empty cache has no keys, and stays empty", () => {
  for (const command of ["list", "stats"]) expect(onCache(command).exitCode).toBe(0);
  onCache("restore", "-k", "x", scratch.path("to"));
  expect(existsSync(scratch.path("cache", "btdt-v1"))).toBe(false);
  expect(btdt(["list", "-c", scratch.path("none")])).toMatchObject({ exitCode: 1, stdout: "" });
});

test("--json: results, misses and errors are one document on stdout", () => {
  const source = scratch.path("source");
  writeFileSync(source, "x");
  const stored = document(onCache("store", "-k", "a,b", source, "--json"));
  expect(stored).toMatchObject({ keys: ["a", "b"], fileCount: 1, contentBytes: 1 });
  const restore = (keys: string) => document(onCache("restore", "-k", keys, scratch.path("to"), "--json"));
  expect(restore("a")).toMatchObject({ outcome: "hit", key: "a", fileCount: 1 });
  expect(restore("x,b")).toMatchObject({ outcome: "fallback", key: "b" });
  const miss = { version: 1, outcome: "miss", unusable: [], keys: ["x"], fallbackPrefixes: [] };
  expect(restore("x")).toEqual(miss);
  expect(document(btdt(["hash", "--json", source]))).toMatchObject({ algorithm: "sha256" });
  expect(document(onCache("clean", "--json", "--max-size", "0"))).toMatchObject({ kept: { entryCount: 0 } });
  const failed = btdt(["hash", "--json", scratch.path("none")]);
  expect(failed.exitCode).toBe(1);
  expect(document(failed).error).toMatchObject({ code: "SOURCE_MISSING" });
  expect(failed.stderr).toStartWith("btdt: error: ");
  const misused = btdt(["hash", "--json", "--fast", source]);
  expect(misused.exitCode).toBe(2);
  expect(document(misused).error.code).toBe("USAGE");
  expect(readFileSync(scratch.path("to"), "utf8")).toBe("x");
});

test("a cache that the first store is making at the moment is empty, not damaged", () => {
  for (const name of ["", "manifests", "objects", "keys", "sessions", "edited-paths", "packs"]) {
    scratch.directory("cache", "btdt-v1", name);
    for (const command of ["verify", "list", "stats", "clean"]) {
      const { exitCode, stderr } = onCache(command);
      expect({ name, command, exitCode }).toEqual({ name, command, exitCode: 0 });
      expect(stderr).not.toContain("warning");
    }
  }
});
