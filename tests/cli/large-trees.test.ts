import { expect, test } from "bun:test";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { compareTrees, differences, snapshotTree } from "../support/compare-trees.ts";
import { must } from "../support/executable.ts";
import {
  changeSomeFiles,
  MANY_FILES,
  makeManyFiles,
  makeSparseFile,
  type Patch,
  randomBytes,
} from "../support/large-trees.ts";
import { btdtMeasured, type Measured } from "../support/memory.ts";
import { mountTmpfs } from "../support/mounts.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.useDisk();

const MEBIBYTE = 1024 * 1024;
const GIBIBYTE = 1024 * MEBIBYTE;
/** Gigabytes go to the disk and come back, on machines that do other things meanwhile. */
const TIMEOUT_MS = 10 * 60_000;

interface Machine {
  readonly mostBytes: number;
  readonly env?: Readonly<Record<string, string>>;
}

const HERE: Machine = { mostBytes: 400_000_000 };
const HERE_LINKED: Machine = { mostBytes: 300_000_000 };
/** The engine is told of eight processors: as many threads as btdt starts at most, wherever the test runs. */
const EIGHT_PROCESSORS: Machine = { ...HERE, env: { WTF_numberOfProcessorCores: "8" } };

let runs = 0;

/** Runs btdt on a cache, which has to work in so much memory. */
function measured(
  { mostBytes, env = {} }: Machine,
  command: string,
  cache: string,
  ...words: string[]
): Measured {
  runs += 1;
  const finished = btdtMeasured([command, "-c", cache, ...words], scratch.path(`peak-${runs}`), { env });
  expect(finished).toMatchObject({ exitCode: 0 });
  expect(finished.peakMemoryBytes).toBeLessThan(mostBytes);
  return finished;
}

function packBytes(cache: string): number {
  const packs = join(cache, "btdt-v1", "packs");
  return readdirSync(packs).reduce((sum, name) => sum + statSync(join(packs, name, "pack")).size, 0);
}

function objectCount(cache: string): number {
  const names = readdirSync(join(cache, "btdt-v1", "objects"), { recursive: true }).map(String);
  return names.filter((name) => name.includes("/")).length;
}

const MANY = MANY_FILES.toLocaleString("en-US");
const CHANGED_COUNT = MANY_FILES / 100;

/** Stores, restores, changes one file in a hundred and does both again. */
function thereAndBack(machine: Machine, source: string, cache: string, destination: string): void {
  const before = snapshotTree(source);
  const stored = measured(machine, "store", cache, "-k", "first", source);
  expect(stored.stdout).toBe("");
  expect(stored.stderr).toStartWith(`btdt: stored ${MANY} files, `);
  const restored = measured(machine, "restore", cache, "-k", "first", destination);
  expect(restored.stdout).toBe("Restored key first\n");
  expect(restored.stderr).toStartWith(`btdt: restored ${MANY} files, `);
  expect(differences(before, snapshotTree(destination))).toEqual([]);

  const changed = changeSomeFiles(source);
  expect(changed).toHaveLength(CHANGED_COUNT);
  measured(machine, "store", cache, "-k", "second", source);
  const again = measured(machine, "restore", cache, "-k", "second", destination);
  expect(again.stderr).toContain(`${(MANY_FILES - CHANGED_COUNT).toLocaleString("en-US")} unchanged in `);
  for (const path of changed) {
    expect(readFileSync(join(destination, path)).equals(readFileSync(join(source, path)))).toBe(true);
  }
}

test("the engine can be told how many processors there are", () => {
  const code = "console.log(require('node:os').availableParallelism())";
  expect(must([process.execPath, "-e", code], EIGHT_PROCESSORS)).toBe("8\n");
});

for (const [from, to, machine] of [
  ["disk", "tmpfs", HERE],
  ["tmpfs", "disk", EIGHT_PROCESSORS],
] as const) {
  testWith(
    ["mount", "2 GiB of disk", "3 GiB of memory"],
    `${MANY} small files on ${from}, their cache on ${to}: packs, in little memory`,
    () => {
      mountTmpfs(scratch, "tmpfs", "1500m");
      scratch.directory("disk");
      const source = scratch.path(from, "source");
      const cache = scratch.directory(to, "cache");
      makeManyFiles(source);
      thereAndBack(machine, source, cache, scratch.path(from, "destination"));
      expect(objectCount(cache)).toBe(0);
      expect(readdirSync(join(cache, "btdt-v1", "packs"))).toHaveLength(2);
      const bothBytes = packBytes(cache);
      rmSync(join(cache, "btdt-v1", "keys", "second"));
      expect(measured(machine, "clean", cache).stdout).toContain("Removed 1 pack");
      // A hundredth of the files costs about a hundredth of the room.
      expect(bothBytes - packBytes(cache)).toBeLessThan(0.02 * packBytes(cache));
    },
    TIMEOUT_MS,
  );
}

testWith(
  ["2 GiB of disk"],
  `${MANY} small files that are linked, in still less memory`,
  () => {
    const source = scratch.path("source");
    const cache = scratch.directory("cache");
    makeManyFiles(source);
    thereAndBack(HERE_LINKED, source, cache, scratch.path("destination"));
    expect(packBytes(cache)).toBe(0);
    const objects = objectCount(cache);
    rmSync(join(cache, "btdt-v1", "keys", "second"));
    measured(HERE_LINKED, "clean", cache);
    expect(objects - objectCount(cache)).toBeGreaterThan(0.9 * CHANGED_COUNT);
  },
  TIMEOUT_MS,
);

const LARGE_FILES = 4;
const PATCH_BYTES = 64 * 1024;
const PATCHES = 6;
const CHUNK_BYTES = 4 * MEBIBYTE;

testWith(
  ["mount", "6 GiB of disk"],
  "four files of 1 GiB, mostly zeros: each chunk is kept once",
  () => {
    // To read holes costs least on a tmpfs.
    const source = join(mountTmpfs(scratch, "source-tmpfs", "100m"), "source");
    const cache = join(mountTmpfs(scratch, "cache-tmpfs", "100m"), "cache");
    for (const path of [source, cache]) mkdirSync(path);
    const shared: Patch = { offset: 100 * CHUNK_BYTES, bytes: randomBytes("shared", CHUNK_BYTES) };
    const names = Array.from({ length: LARGE_FILES }, (_, file) => `large ${file}`);
    for (const [file, name] of names.entries()) {
      const own = Array.from({ length: PATCHES }, (_, patch): Patch => {
        const chunk = (file * 31 + patch * 37 + 1) % 100;
        return {
          offset: chunk * CHUNK_BYTES + file * 4096,
          bytes: randomBytes(`${file} ${patch}`, PATCH_BYTES),
        };
      });
      makeSparseFile(join(source, name), GIBIBYTE, [...own, shared]);
      chmodSync(join(source, name), file === 0 ? 0o755 : 0o640);
    }
    const stored = measured(HERE, "store", cache, "-k", "k", source);
    expect(stored).toMatchObject({ stdout: "" });
    // On a busy machine, progress is reported first.
    expect(stored.stderr).toContain("btdt: stored 4 files, 4.0 GiB as k: 4 packed in ");
    const randomSizeBytes = LARGE_FILES * PATCHES * PATCH_BYTES + CHUNK_BYTES;
    expect(packBytes(cache)).toBeGreaterThan(randomSizeBytes);
    expect(packBytes(cache)).toBeLessThan(1.05 * randomSizeBytes);

    const destination = scratch.path("destination");
    const restored = measured(HERE, "restore", cache, "-k", "k", destination);
    expect(restored).toMatchObject({ stdout: "Restored key k\n" });
    expect(readdirSync(destination).toSorted()).toEqual(names.toSorted());
    for (const name of names) {
      must(["cmp", join(source, name), join(destination, name)]);
      const [expected, actual] = [source, destination].map((tree) =>
        lstatSync(join(tree, name), { bigint: true }),
      );
      expect([actual?.mode, actual?.mtimeNs]).toEqual([expected?.mode, expected?.mtimeNs]);
    }
    measured(HERE, "clean", cache);
  },
  TIMEOUT_MS,
);

test.each([
  ["the processors there are", HERE],
  ["eight processors", EIGHT_PROCESSORS],
])(
  "random bytes in files of all sizes: no larger than they are, and their pack is written anew: %s",
  (_, machine) => {
    const source = scratch.directory("source");
    const cache = scratch.directory("cache");
    const sizes = [
      ...Array.from({ length: 1500 }, (_, index) => index * 20),
      ...Array.from({ length: 150 }, (_, index) => index * 6_000 + 1),
      ...[-1, 0, 1].map((more) => CHUNK_BYTES + more),
      ...[5, 9, 17, 33, 41].map((mebibytes) => mebibytes * MEBIBYTE + 12_345),
    ];
    for (const [index, size] of sizes.entries()) {
      writeFileSync(join(source, `random-${index}`), randomBytes(`${index}`, size), {
        mode: index % 2 === 0 ? 0o644 : 0o755,
      });
    }
    const contentBytes = sizes.reduce((sum, size) => sum + size, 0);
    measured(machine, "store", cache, "-k", "k", "--storage", "packs", source);
    expect(packBytes(cache)).toBeLessThan(1.01 * contentBytes);
    measured(machine, "restore", cache, "-k", "k", "--link", "copy", scratch.path("all"));
    expect(compareTrees(source, scratch.path("all"))).toEqual([]);

    // Of the largest ones, most of the pack.
    for (const index of sizes.keys())
      if (index % 3 !== 0 || index > 1650) rmSync(join(source, `random-${index}`));
    measured(machine, "store", cache, "-k", "k", "--storage", "packs", source);
    const keptBytes = readdirSync(source).reduce((sum, name) => sum + statSync(join(source, name)).size, 0);
    expect(measured(machine, "clean", cache).stdout).toContain("Rewrote 1 pack");
    expect(packBytes(cache)).toBeLessThan(1.01 * keptBytes);
    measured(machine, "restore", cache, "-k", "k", "--link", "copy", scratch.path("rest"));
    expect(compareTrees(source, scratch.path("rest"))).toEqual([]);
  },
  TIMEOUT_MS,
);
