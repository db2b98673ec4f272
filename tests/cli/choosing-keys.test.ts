import { expect, test } from "bun:test";
import { rmSync, utimesSync } from "node:fs";
import packageJson from "../../package.json" with { type: "json" };
import { TestCache } from "../support/cache.ts";
import { differences, snapshotTree } from "../support/compare-trees.ts";
import { btdt } from "../support/executable.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

const DAY_SECONDS = 24 * 60 * 60;

/** Stores an entry that was last used some days ago. */
function storeEntry(keys: string, ageDays: number, sizeBytes: number): void {
  makeTree(scratch.path("tree"), dir({ own: file(Buffer.alloc(sizeBytes, keys)) }));
  cache.store(keys, "tree");
  rmSync(scratch.path("tree"), { recursive: true });
  const seconds = Date.now() / 1000 - ageDays * DAY_SECONDS;
  for (const key of keys.split(",")) utimesSync(cache.below("keys", key), seconds, seconds);
}

function storeThree(): void {
  storeEntry("npm-b", 9, 300_000);
  storeEntry("npm-a", 1, 100_000);
  storeEntry("pip,pip-alias", 5, 200_000);
}

const onCache = (command: string, ...words: string[]) => btdt([command, "-c", cache.path, ...words]);

function listed(...options: string[]): string[] {
  const { exitCode, stdout } = onCache("list", "--json", ...options);
  expect(exitCode).toBe(0);
  return (JSON.parse(stdout) as { entries: { key: string }[] }).entries.map(({ key }) => key);
}

test("list sorts by use, store, size and name, and is cut after that", () => {
  storeThree();
  expect(listed()).toEqual(["npm-a", "pip", "pip-alias", "npm-b"]);
  expect(listed("--sort", "stored")[3]).toBe("npm-b");
  expect(listed("--sort", "size", "--limit", "2")).toEqual(["npm-b", "pip"]);
  expect(listed("--sort", "key")).toEqual(["npm-a", "npm-b", "pip", "pip-alias"]);
  expect(listed("--sort", "key", "--limit", "0")).toEqual([]);
  expect(onCache("ls", "--sort", "key", "--limit", "1").stdout).toMatch(/^KEY .*\nnpm-a .*\n$/);
});

test("list shows only what is old, damaged, or has the prefix, and all of these together", () => {
  storeThree();
  expect(listed("--older-than", "4d")).toEqual(["pip", "pip-alias", "npm-b"]);
  expect(listed("--older-than", "4d", "--prefix", "npm-")).toEqual(["npm-b"]);
  expect(listed("--damaged")).toEqual([]);
  rmSync(cache.below("objects"), { recursive: true });
  expect(listed("--damaged", "--prefix", "npm-")).toEqual(["npm-a", "npm-b"]);
});

test("numbers and orders that are none are usage errors", () => {
  scratch.directory("cache");
  for (const words of [
    ["--limit", "some"],
    ["--limit", "-1"],
    ["--sort", "age"],
    ["--older-than", "7"],
  ])
    expect(onCache("list", ...words)).toMatchObject({ exitCode: 2, stdout: "" });
});

test("delete --dry-run changes nothing and says what a deletion then does", () => {
  storeThree();
  const before = snapshotTree(cache.path);
  const dry = onCache("delete", "--prefix", "npm-", "--dry-run");
  expect(differences(before, snapshotTree(cache.path))).toEqual([]);
  expect(dry).toMatchObject({ exitCode: 0, stderr: "" });
  expect(dry.stdout).toMatch(
    /^Would delete key npm-a\nWould delete key npm-b\nThe next clean would free 4\d\d KiB\n$/,
  );
  const wet = onCache("rm", "--prefix", "npm-");
  expect(wet.stdout).toBe(dry.stdout.replaceAll("Would delete", "Deleted").replace("would free", "frees"));
  expect(cache.keys()).toEqual(["pip", "pip-alias"]);
  expect(onCache("delete", "--prefix", "npm-")).toEqual({
    exitCode: 4,
    stdout: "The next clean frees 0 B\n",
    stderr: "Keys not found in cache.\nbtdt: no key has this prefix\n",
  });
});

test("what a deletion frees is what the next clean frees: nothing while another key needs it", () => {
  storeThree();
  const kept = () => JSON.parse(onCache("stats", "--json").stdout).keptBytes as number;
  const freed = (...words: string[]) => JSON.parse(onCache("delete", "--json", ...words).stdout).freedBytes;
  expect(freed("pip", "--dry-run")).toBe(0);
  const before = kept();
  const both = freed("--prefix", "pip");
  onCache("clean");
  expect(before - kept()).toBe(both);
  expect(both).toBeGreaterThanOrEqual(200_000);
  expect(freed("none", "--dry-run")).toBe(0);
});

test("delete --all deletes every key, and an empty cache has none", () => {
  storeThree();
  expect(onCache("delete", "--all").stdout.match(/^Deleted key /gm)).toHaveLength(4);
  expect(cache.keys()).toEqual([]);
  expect(onCache("delete", "--all")).toEqual({
    exitCode: 0,
    stdout: "The next clean frees 0 B\n",
    stderr: "",
  });
});

test("a deletion of no keys, or of keys chosen in two ways, is a usage error", () => {
  storeThree();
  for (const words of [[], ["npm-a", "--all"], ["--all", "--prefix", "npm-"], ["--prefix", ""]])
    expect(onCache("delete", ...words)).toMatchObject({ exitCode: 2, stdout: "" });
  expect(cache.keys()).toHaveLength(4);
});

test("version names the version and the platform", () => {
  const platform = `${process.platform}-${process.arch}`;
  expect(btdt(["version"]).stdout).toStartWith(`btdt ${packageJson.version} ${platform}, Bun `);
  expect(JSON.parse(btdt(["version", "--json"]).stdout)).toMatchObject({
    version: 1,
    btdt: packageJson.version,
    platform,
    cacheFormat: 1,
  });
});
