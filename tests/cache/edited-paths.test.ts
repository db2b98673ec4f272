import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import type { ByteString } from "../../src/base/byte-string.ts";
import { CacheDirectory } from "../../src/cache/cache-directory.ts";
import {
  forgetEditedPaths,
  listEditedFamilies,
  readEditedPaths,
  rememberEditedPaths,
} from "../../src/cache/edited-paths.ts";
import {
  decodeEditedPaths,
  encodeEditedPaths,
  familyFileName,
  MOST_EDITED_PATHS_BYTES,
} from "../../src/cache/edited-paths-codec.ts";
import { listOldEditedPaths, removeOldEditedPath } from "../../src/cache/old-edited-paths.ts";
import { prepareCache } from "../../src/cache/prepare-cache.ts";
import { Session } from "../../src/cache/session.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();
let cache: CacheDirectory;
let session: Session;

beforeEach(() => {
  cache = CacheDirectory.open(scratch.directory("cache"));
  prepareCache(cache);
  session = Session.open(cache);
});
afterEach(() => session.close());

const bytes = (...paths: string[]): ByteString[] => paths as ByteString[];
const below = (...names: string[]): string => scratch.path("cache", "btdt-v1", "edited-paths", ...names);

test("paths of any bytes, the empty one of a single file included, are remembered in one file for each family", () => {
  const paths = bytes("a/b", "\xff\n", "", "1 2");
  for (const family of ["node_modules", undefined, "\u00fc"]) {
    for (const path of [...paths, ...paths]) rememberEditedPaths(cache, session, family, [path]);
    expect(readEditedPaths(cache, family)).toEqual(new Set(paths));
  }
  expect(readEditedPaths(cache, "target")).toEqual(new Set());
  expect(readdirSync(below())).toHaveLength(3);
  expect(readdirSync(scratch.path("cache", "btdt-v1", "sessions", session.id))).toEqual(["lock"]);
});

test("processes that add at the same time lose nothing of each other", async () => {
  const script = scratch.path("add.ts");
  const source = (name: string): string => join(import.meta.dir, "..", "..", "src", "cache", name);
  writeFileSync(
    script,
    `import { CacheDirectory } from ${JSON.stringify(source("cache-directory.ts"))};
     import { rememberEditedPaths } from ${JSON.stringify(source("edited-paths.ts"))};
     import { Session } from ${JSON.stringify(source("session.ts"))};
     const cache = CacheDirectory.open(process.argv[2]);
     const session = Session.open(cache);
     for (let n = 0; n < 100; n++) rememberEditedPaths(cache, session, "f", [process.argv[3] + n]);
     session.close();`,
  );
  const adding = ["a", "b", "c"].map((name) =>
    Bun.spawn([process.execPath, script, scratch.path("cache"), name], { stderr: "inherit" }),
  );
  expect(await Promise.all(adding.map(({ exited }) => exited))).toEqual([0, 0, 0]);
  expect(readEditedPaths(cache, "f").size).toBe(300);
});

test("torn files, foreign ones and those of another family are passed over, and replaced", () => {
  rememberEditedPaths(cache, session, "f", bytes("a/b"));
  const name = familyFileName("f");
  const good = readFileSync(below(name));
  const spoilt: Record<string, () => void> = {
    truncated: () => writeFileSync(below(name), good.subarray(0, -1)),
    "of zeros": () => writeFileSync(below(name), Buffer.alloc(good.length)),
    "of another family": () =>
      writeFileSync(below(name), encodeEditedPaths({ recordedPath: "g", seenMs: new Map() })),
    "too large": () =>
      writeFileSync(below(name), Buffer.concat([good, Buffer.alloc(MOST_EDITED_PATHS_BYTES, "1 x\0")])),
    "a directory": () => mkdirSync(below(name)),
    "a symlink": () => symlinkSync(scratch.path("outside"), below(name)),
  };
  writeFileSync(scratch.path("outside"), good);
  for (const [what, spoil] of Object.entries(spoilt)) {
    rmSync(below(name), { recursive: true, force: true });
    spoil();
    expect([what, readEditedPaths(cache, "f")]).toEqual([what, new Set()]);
    expect(listEditedFamilies(cache)).toEqual([]);
    if (what === "a directory") continue;
    rememberEditedPaths(cache, session, "f", bytes("c"));
    expect([what, readEditedPaths(cache, "f")]).toEqual([what, new Set(bytes("c"))]);
  }
  expect(readFileSync(scratch.path("outside"))).toEqual(good);
  rmSync(below(), { recursive: true });
  expect(readEditedPaths(cache, "f")).toEqual(new Set());
  rememberEditedPaths(cache, session, "f", bytes("d"));
  expect(readEditedPaths(cache, "f")).toEqual(new Set(bytes("d")));
});

test("the newest are kept, up to a number and a size", () => {
  const many = (prefix: string, count: number): ByteString[] =>
    bytes(...Array.from({ length: count }, (_, index) => `${prefix}${index}`));
  rememberEditedPaths(cache, session, "f", many("old", 3000), 1000);
  rememberEditedPaths(cache, session, "f", many("new", 3000), 2000);
  const kept = readEditedPaths(cache, "f");
  expect(kept.size).toBe(4096);
  expect(many("new", 3000).every((path) => kept.has(path))).toBe(true);
  rememberEditedPaths(cache, session, "long", many("x".repeat(4000), 1000), 1000);
  expect(readFileSync(below(familyFileName("long"))).length).toBeLessThanOrEqual(MOST_EDITED_PATHS_BYTES);
  expect(readEditedPaths(cache, "long").size).toBeGreaterThan(200);
});

test("the last path that is forgotten takes the file with it", () => {
  rememberEditedPaths(cache, session, "f", bytes("a", "b"), 1000);
  const seenAt = (seenMs: number, ...paths: string[]) =>
    new Map(bytes(...paths).map((path) => [path, seenMs]));
  forgetEditedPaths(cache, session, "f", seenAt(1000, "a", "unknown"));
  expect(readEditedPaths(cache, "f")).toEqual(new Set(bytes("b")));
  // It was seen again since.
  forgetEditedPaths(cache, session, "f", seenAt(999, "b"));
  expect(readEditedPaths(cache, "f")).toEqual(new Set(bytes("b")));
  forgetEditedPaths(cache, session, "f", seenAt(1000, "b"));
  expect(readdirSync(below())).toEqual([]);
});

test("files of earlier versions are recognised by their names", () => {
  writeFileSync(below("b753e13d22a1827013d42d88775d9ad8"), "bin/tool");
  writeFileSync(below("00000000000000000000000000000000"), "foreign");
  const old = listOldEditedPaths(cache);
  expect(old.map(({ name }) => name)).toEqual(["b753e13d22a1827013d42d88775d9ad8"]);
  for (const each of old) removeOldEditedPath(cache, each);
  expect(readdirSync(below())).toEqual(["00000000000000000000000000000000"]);
});

test("whatever is encoded is decoded; whatever else is decoded does not throw", () => {
  const path = fc.string({ unit: fc.integer({ min: 1, max: 255 }).map((byte) => String.fromCharCode(byte)) });
  const seen = fc.nat({ max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(path, seen), { maxLength: 20 }),
      fc.constantFrom("", "a/b", "\u00fc"),
      fc.nat(),
      fc.nat({ max: 255 }),
      (records, recordedPath, place, byte) => {
        const seenMs = new Map(records as [ByteString, number][]);
        const file = encodeEditedPaths({ recordedPath, seenMs });
        expect(decodeEditedPaths(file, familyFileName(recordedPath))).toEqual({ recordedPath, seenMs });
        file[place % file.length] = byte;
        decodeEditedPaths(file, familyFileName(recordedPath));
      },
    ),
  );
});
