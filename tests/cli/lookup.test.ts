import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { btdt, type Finished } from "../support/executable.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

function lookUp(keys: string, ...options: string[]): Finished {
  return btdt(["lookup", "-c", scratch.directory("cache"), "-k", keys, ...options], {
    cwd: scratch.path(),
  });
}

/** Two keys of different ages; files of each have contents that no other entry has. */
function prepare(...options: string[]): void {
  for (const key of ["npm-1", "npm-2"]) {
    makeTree(scratch.path(key), dir({ a: file(key.repeat(3000)), b: file(key), empty: file("") }));
    cache.store(key, key, ...options);
  }
}

test("says by exit status and on stdout which key would be restored, and changes nothing", () => {
  prepare();
  const keyFile = cache.below("keys", "npm-1");
  utimesSync(keyFile, 1000, 1000);
  const listed = readdirSync(scratch.path(), { recursive: true }).map(String).toSorted();
  expect(lookUp("npm-1")).toMatchObject({ exitCode: 0, stdout: "Found key npm-1\n" });
  expect(lookUp("npm-1").stderr).toMatch(/^btdt: it has 3 files, 15 KiB, stored .+ ago\n$/);
  expect(lookUp("npm-{{ os }}, npm-1")).toMatchObject({ exitCode: 3, stdout: "Found key npm-1\n" });
  expect(lookUp("x", "--fallback-prefix", "npm-")).toMatchObject({
    exitCode: 3,
    stdout: "Found key npm-2\n",
  });
  expect(lookUp("x, npm-1", "--success-rc-on-any-key").exitCode).toBe(0);
  const missed = lookUp("npm-3", "--fallback-prefix", "x");
  expect(missed).toMatchObject({ exitCode: 4, stdout: "" });
  expect(missed.stderr).toStartWith("Keys not found in cache.\nbtdt: no entry for npm-3, then prefix x\n");
  expect(lookUp("x", "--miss-ok").exitCode).toBe(0);
  expect(readdirSync(scratch.path(), { recursive: true }).map(String).toSorted()).toEqual(listed);
  expect(statSync(keyFile).mtimeMs).toBe(1_000_000);
  expect(btdt(["stats", "-c", cache.path]).stdout).not.toContain("HITS");
});

test("writes result files and JSON like restore", () => {
  prepare();
  const [result, matched, primary] = ["result", "matched", "primary"].map((name) => scratch.path(name));
  const options = [
    `--result-file=${result}`,
    `--matched-key-file=${matched}`,
    `--primary-key-file=${primary}`,
  ];
  const { stdout } = lookUp("x,npm-1", ...options, "--json");
  expect(JSON.parse(stdout)).toMatchObject({ outcome: "fallback", key: "npm-1", keys: ["x", "npm-1"] });
  const written = () => [result, matched, primary].map((path) => readFileSync(path ?? "", "utf8"));
  expect(written()).toEqual(["fallback", "npm-1", "x"]);
  lookUp("y", ...options);
  expect(written()).toEqual(["miss", "", "y"]);
});

describe("an entry that a restore could not use is not found", () => {
  const damages: Readonly<Record<string, () => void>> = {
    "its key file": () => writeFileSync(cache.below("keys", "npm-1"), "{"),
    "its manifest": () => {
      const { trees } = JSON.parse(readFileSync(cache.below("keys", "npm-1"), "utf8"));
      const manifest = cache.manifests().find((path) => path.replace("/", "").endsWith(trees[0].manifest));
      rmSync(cache.below("manifests", manifest ?? ""));
    },
    "an object": () => {
      const object = cache
        .objects()
        .find((path) => readFileSync(cache.below("objects", path), "utf8") === "npm-1");
      rmSync(cache.below("objects", object ?? ""));
    },
  };
  for (const [what, damage] of Object.entries(damages)) {
    test(what, () => {
      prepare("--storage", "objects");
      damage();
      const found = lookUp("npm-1, npm-2");
      expect(found).toMatchObject({ exitCode: 3, stdout: "Found key npm-2\n" });
      expect(found.stderr).toContain("the entry of key npm-1 cannot be used and counts as a miss: ");
      expect(lookUp("npm-1").exitCode).toBe(4);
      expect(cache.restore("npm-1", "to").exitCode).toBe(4);
    });
  }

  test("a pack", () => {
    prepare("--storage", "packs");
    expect(lookUp("npm-1,npm-2").exitCode).toBe(0);
    for (const name of readdirSync(cache.below("packs")))
      rmSync(cache.below("packs", name), { recursive: true });
    expect(lookUp("npm-1,npm-2").exitCode).toBe(4);
  });
});
