import { describe, expect, test } from "bun:test";
import { appendFileSync, readdirSync, rmSync, statSync, truncateSync, utimesSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { btdt } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { injecting, stoppedAt } from "../support/trace.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

const PACKS = ["--storage", "packs"] as const;

/** Enough files for their digests to be most of the manifest. */
function makeSource(): void {
  const files = Array.from({ length: 2000 }, (_, index) => [`f${index}`, file(`content ${index}`)] as const);
  makeTree(scratch.path("from"), dir({ sub: dir(Object.fromEntries(files)) }));
}

function change(index: number): void {
  appendFileSync(scratch.path("from", "sub", `f${index}`), " changed");
}

/** Path and size of each manifest, the largest first. */
function manifests(): { readonly path: string; readonly sizeBytes: number }[] {
  return cache
    .manifests()
    .map((name) => cache.below("manifests", name))
    .map((path) => ({ path, sizeBytes: statSync(path).size }))
    .toSorted((left, right) => right.sizeBytes - left.sizeBytes);
}

function storeTwo(): { readonly base: string; readonly delta: string } {
  makeSource();
  cache.store("nm-1", "from", ...PACKS);
  change(1);
  cache.store("nm-2", "from", ...PACKS);
  const [base, delta] = manifests();
  if (base === undefined || delta === undefined) throw new Error("there are not two manifests");
  expect(delta.sizeBytes).toBeLessThan(base.sizeBytes / 10);
  return { base: base.path, delta: delta.path };
}

function expectRestored(key: string, destination: string): void {
  const { exitCode, stderr } = cache.restore(key, destination, "--link", "copy");
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  expect(compareTrees(scratch.path("from"), scratch.path(destination))).toEqual([]);
}

test("the manifest of a tree that changed a little is a small difference to the first one", () => {
  storeTwo();
  expectRestored("nm-2", "to");
  change(2);
  cache.store("nm-3", "from", ...PACKS);
  expect(manifests()).toHaveLength(3);
  expectRestored("nm-3", "three");
});

test("the same tree under another key has the same manifest", () => {
  makeSource();
  cache.store("nm-1", "from", ...PACKS);
  cache.store("nm-2", "from", ...PACKS);
  expect(manifests()).toHaveLength(1);
});

test("linked trees' manifests stand alone, and so do those of trees that have nothing in common", () => {
  makeSource();
  cache.store("nm-1", "from");
  change(1);
  cache.store("nm-2", "from");
  const files = Array.from({ length: 2000 }, (_, index) => [`g${index}`, file(`other ${index}`)] as const);
  makeTree(scratch.path("other"), dir(Object.fromEntries(files)));
  cache.store("nm-3", "other", ...PACKS);
  const sizes = manifests().map(({ sizeBytes }) => sizeBytes);
  expect(sizes).toHaveLength(3);
  expect(Math.min(...sizes)).toBeGreaterThan(Math.max(...sizes) * 0.8);
});

test("the base is the key with the longest common prefix, or else the one used last", () => {
  makeSource();
  cache.store("nm-1", "from", ...PACKS);
  makeTree(scratch.path("small"), dir({ x: file("x") }));
  cache.store("web-1", "small", ...PACKS);
  const count = manifests().length;
  change(1);
  cache.store("nm-2", "from", ...PACKS);
  change(2);
  cache.store("unlike", "from", ...PACKS);
  const [base, ...deltas] = manifests();
  expect(deltas).toHaveLength(count + 1);
  for (const delta of deltas) expect(delta.sizeBytes).toBeLessThan((base?.sizeBytes ?? 0) / 10);
  expectRestored("unlike", "to");
});

describe("a clean", () => {
  test("keeps the base as long as an entry needs it", () => {
    const { base, delta } = storeTwo();
    btdt(["delete", "-c", cache.path, "nm-1"]);
    expect(cache.clean().exitCode).toBe(0);
    expect(manifests().map(({ path }) => path)).toEqual([base, delta]);
    expectRestored("nm-2", "to");
    btdt(["delete", "-c", cache.path, "nm-2"]);
    cache.clean();
    expect(manifests()).toEqual([]);
    expect(readdirSync(cache.below("packs"))).toEqual([]);
  });

  test("counts the base of an entry as the entry's, shared while another has it", () => {
    storeTwo();
    interface Listed {
      readonly key: string;
      readonly sizeBytes: number;
      readonly freedBytes: number;
    }
    const listed = (): Listed[] =>
      (JSON.parse(btdt(["list", "-c", cache.path, "--json"]).stdout) as { entries: Listed[] }).entries;
    const before = listed().find(({ key }) => key === "nm-2");
    btdt(["delete", "-c", cache.path, "nm-1"]);
    cache.clean();
    const after = listed().find(({ key }) => key === "nm-2");
    expect(after?.sizeBytes).toBe(before?.sizeBytes ?? 0);
    expect(after?.freedBytes).toBeGreaterThan(before?.freedBytes ?? 0);
  });
});

describe("a base that is not whole makes its entries a miss, and the next store repairs them", () => {
  const damages: readonly (readonly [string, (path: string) => void, string])[] = [
    ["missing", (path) => rmSync(path), "its base manifest is missing"],
    ["cut off", (path) => truncateSync(path, 100), "its base manifest has been altered"],
  ];
  for (const [what, damage, reason] of damages) {
    test(what, () => {
      const { base } = storeTwo();
      damage(base);
      const { exitCode, stderr } = cache.restore("nm-2", "to");
      expect(exitCode).toBe(4);
      expect(stderr).toStartWith(
        `btdt: warning: the entry of key nm-2 cannot be used and counts as a miss: ${reason}\n`,
      );
      cache.store("nm-2", "from", ...PACKS);
      expectRestored("nm-2", "mended");
      cache.clean();
      expectRestored("nm-2", "cleaned");
      expect(cache.keys()).toEqual(["nm-2"]);
    });
  }
});

describe("without locks, a clean goes by when a manifest was last needed:", () => {
  const LONG_AGO = Date.now() / 1000 - 2 * 24 * 60 * 60;

  testWith(["strace"], "it leaves alone what was needed not long ago", () => {
    const { base, delta } = storeTwo();
    btdt(["delete", "-c", cache.path, "nm-1", "nm-2"]);
    const through = injecting({ calls: "flock", what: "error=EOPNOTSUPP" });
    expect(btdt(["clean", "-c", cache.path], { through }).exitCode).toBe(0);
    expect(manifests().map(({ path }) => path)).toEqual([base, delta]);
    for (const path of [base, delta]) utimesSync(path, LONG_AGO, LONG_AGO);
    expect(btdt(["clean", "-c", cache.path], { through }).exitCode).toBe(0);
    expect(manifests()).toEqual([]);
  });

  test("a store notes which base it needs", () => {
    const { base } = storeTwo();
    utimesSync(base, LONG_AGO, LONG_AGO);
    change(2);
    cache.store("nm-3", "from", ...PACKS);
    expect(statSync(base).mtimeMs / 1000).toBeGreaterThan(LONG_AGO + 24 * 60 * 60);
  });
});

testWith(["strace"], "a base that a clean removes while it is read is not built on", async () => {
  makeSource();
  cache.store("nm-1", "from", ...PACKS);
  const [base] = manifests();
  if (base === undefined) throw new Error("there is no manifest");
  change(1);
  const words = cache.storeWords("nm-2", "from", ...PACKS);
  const stop = { calls: "openat", path: base.path };
  const { exitCode } = await stoppedAt(stop, words, scratch.path("trace"), () => {
    btdt(["delete", "-c", cache.path, "nm-1"]);
    expect(cache.clean().exitCode).toBe(0);
  });
  expect(exitCode).toBe(0);
  expect(manifests()).toHaveLength(1);
  expect(manifests()[0]?.path).not.toBe(base.path);
  expectRestored("nm-2", "to");
  cache.clean();
  expectRestored("nm-2", "cleaned");
});
