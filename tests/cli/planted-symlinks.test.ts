import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { TestCache } from "../support/cache.ts";
import { differences, snapshotTree } from "../support/compare-trees.ts";
import { btdt, must } from "../support/executable.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
// These trees share everything, so that what happens to links happens to them.
const cache = new TestCache(scratch, "--link", "hard");

const MISTAKE = /bug in btdt|mistake|^\s+at /m;

function day(daysFromNow: number): string {
  return new Date(Date.now() + daysFromNow * 24 * 60 * 60 * 1000).toISOString().slice(0, 10);
}

/** One entry as objects, one as packs, an edited path, and counts. */
function fillCache(): void {
  makeTree(scratch.path("tree"), dir({ a: file("content a"), sub: dir({ b: file("content b") }) }));
  makeTree(scratch.path("packed"), dir({ p: file("packed content") }));
  cache.store("linked", "tree");
  cache.store("edited", "tree");
  cache.store("packed", "packed", "--storage", "packs");
  // An object is edited through its link, which a restore notes.
  appendFileSync(scratch.path("tree", "a"), " edited");
  expect(cache.restore("edited", "to").exitCode).toBe(4);
  cache.store("linked,edited", "tree");
  mkdirSync(cache.below("restore-counts"), { recursive: true });
  for (const name of [day(0), day(1)]) {
    for (const outcome of ["hit", "miss", "fallback"])
      appendFileSync(cache.below("restore-counts", `${name}-${outcome}`), ".");
  }
  writeFileSync(cache.below("restore-counts", "2020-01-01-hit"), "..");
  writeFileSync(cache.below("restore-counts", "earlier-hit"), ".");
  // Left by a store before the machine was started last.
  mkdirSync(cache.below("unflushed"), { recursive: true });
  copyFileSync(manifestOf("linked"), markOf("linked"));
}

/** Filled once, copied for each test. */
const template = mkdtempSync(join(tmpdir(), "btdt-planted-"));
let isFilled = false;

beforeEach(() => {
  if (!isFilled) {
    fillCache();
    must(["cp", "-a", `${scratch.path()}/.`, template]);
    isFilled = true;
  } else {
    must(["cp", "-a", `${template}/.`, scratch.path()]);
  }
});

afterAll(() => {
  must(["rm", "-rf", template]);
});

/** Puts a symlink in the place of something in the cache, to the same outside of it. */
function plant(path: string): void {
  const outside = join(scratch.directory("outside"), "victim");
  if (existsSync(path)) renameSync(path, outside);
  else writeFileSync(outside, "victim");
  symlinkSync(outside, path);
}

function firstBelow(directory: string): string {
  const first = readdirSync(directory).find((name) => {
    const path = join(directory, name);
    return !lstatSync(path).isDirectory() || readdirSync(path).length > 0;
  });
  return join(directory, first ?? "");
}

const manifestOf = (key: string): string => {
  const { trees, manifest } = JSON.parse(readFileSync(cache.below("keys", key), "utf8"));
  const digest: string = manifest ?? trees[0].manifest;
  return cache.below("manifests", digest.slice(0, 2), digest);
};

const markOf = (key: string): string => {
  const boot = "ab".repeat(16);
  return cache.below(
    "unflushed",
    `${boot}-11111111-2222-4333-8444-555555555555-${basename(manifestOf(key))}`,
  );
};

const places: readonly (readonly [string, () => string])[] = [
  ["btdt's directory", () => cache.below()],
  ["the format file", () => cache.below("format")],
  ["the lock", () => cache.below("lock")],
  ["keys", () => cache.below("keys")],
  ["a key", () => cache.below("keys", "linked")],
  ["a key of packs", () => cache.below("keys", "packed")],
  ["manifests", () => cache.below("manifests")],
  ["a shard of manifests", () => dirname(manifestOf("linked"))],
  ["a manifest", () => manifestOf("linked")],
  ["objects", () => cache.below("objects")],
  ["a shard of objects", () => firstBelow(cache.below("objects"))],
  ["an object", () => firstBelow(firstBelow(cache.below("objects")))],
  ["packs", () => cache.below("packs")],
  ["a pack", () => firstBelow(cache.below("packs"))],
  ["the file of a pack", () => join(firstBelow(cache.below("packs")), "pack")],
  ["the index of a pack", () => join(firstBelow(cache.below("packs")), "index")],
  ["sessions", () => cache.below("sessions")],
  ["a session", () => cache.below("sessions", crypto.randomUUID())],
  ["marks of unflushed objects", () => cache.below("unflushed")],
  ["a mark of unflushed objects", () => markOf("linked")],
  ["edited paths", () => cache.below("edited-paths")],
  ["an edited path", () => firstBelow(cache.below("edited-paths"))],
  ["the size", () => cache.below("size")],
  ["counts", () => cache.below("restore-counts")],
  ...["hit", "miss", "fallback"].map((outcome) => {
    return [
      `the count of today's ${outcome}`,
      () => cache.below("restore-counts", `${day(0)}-${outcome}`),
    ] as const;
  }),
  ["an old count", () => cache.below("restore-counts", "2020-01-01-hit")],
  ["the count of earlier days", () => cache.below("restore-counts", "earlier-hit")],
];

const commands: readonly (readonly [string, ...string[]])[] = [
  ["list"],
  ["list", "--sizes"],
  ["stats"],
  ["inspect", "linked"],
  ["restore", "-k", "linked", "to-1"],
  ["restore", "-k", "packed", "to-2"],
  ["restore", "-k", "missing", "to-3"],
  ["restore", "-k", "missing", "--fallback-prefix", "link", "to-4"],
  ["export", "-k", "linked"],
  ["store", "-k", "linked", "tree"],
  ["store", "-k", "packed", "--storage", "packs", "packed"],
  ["store", "-k", "new", "packed", "--max-size", "1GiB"],
  ["clean"],
  ["delete", "linked"],
  ["clean", "--max-size", "0"],
];

describe("a symlink in the place of", () => {
  for (const [name, pathOf] of places) {
    test(`${name} leads no command out of the cache`, () => {
      plant(pathOf());
      const before = snapshotTree(scratch.path("outside"));
      for (const [command, ...words] of commands) {
        const finished = btdt([command, "-c", cache.path, ...words], { cwd: scratch.path() });
        expect([command, finished.stderr]).toEqual([command, expect.not.stringMatching(MISTAKE)]);
        expect([0, 1, 3, 4]).toContain(finished.exitCode);
        const after = snapshotTree(scratch.path("outside"));
        expect([command, ...words, ...differences(before, after)]).toEqual([command, ...words]);
      }
    });
  }
});

test("an object that is edited again is noted in no file outside", () => {
  plant(firstBelow(cache.below("edited-paths")));
  const before = snapshotTree(scratch.path("outside"));
  const object = firstBelow(firstBelow(cache.below("objects")));
  appendFileSync(object, "edited in place");
  for (const key of ["linked", "edited"]) cache.restore(key, `to-${key}`);
  expect(differences(before, snapshotTree(scratch.path("outside")))).toEqual([]);
});

test("files with a second name outside are neither appended to nor written over", () => {
  const outside = scratch.directory("outside");
  const names = [
    cache.below("restore-counts", `${day(0)}-hit`),
    cache.below("restore-counts", `${day(1)}-hit`),
    firstBelow(cache.below("edited-paths")),
  ];
  for (const [index, name] of names.entries()) {
    writeFileSync(join(outside, `victim-${index}`), "precious");
    must(["ln", "-f", join(outside, `victim-${index}`), name]);
  }
  const content = (): string[] =>
    readdirSync(outside).map((name) => readFileSync(join(outside, name), "utf8"));
  expect(cache.restore("linked", "to-linked").exitCode).toBe(0);
  const object = firstBelow(firstBelow(cache.below("objects")));
  appendFileSync(object, "edited in place");
  for (const key of ["linked", "edited"]) cache.restore(key, `again-${key}`);
  expect(content()).toEqual(["precious", "precious", "precious"]);
});

test("the error says what to do", () => {
  plant(cache.below("objects"));
  const { exitCode, stderr } = cache.restore("linked", "to-linked");
  expect(exitCode).toBe(1);
  expect(stderr).toContain(`${cache.below("objects")} is a symlink; btdt follows none inside a cache`);
});
