import { afterEach, describe, expect } from "bun:test";
import { mkdirSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { compareTrees } from "../support/compare-trees.ts";
import { btdt, type Finished, must, startBtdt } from "../support/executable.ts";
import { FragileDisk, type FragileDiskType, throttling } from "../support/fragile-disk.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";

/**
 * What a power cut leaves, on real file systems. Sources are freshly written by a tool that does not flush. After the
 * cut every key restores exactly what was stored or is a miss, and a store of the right source afterwards makes the key
 * restore right.
 */
const scratch = Scratch.use();
let disk: FragileDisk | undefined;
afterEach(() => {
  disk?.letContentsGo();
  disk = undefined;
});

const FILES = 20;

/** A source in the disk, and the same outside of it, for comparison and for storing it again. */
function writeSource(at: FragileDisk): string {
  const source = join(at.path, "source");
  const safe = scratch.path("safe");
  for (const directory of [source, safe]) mkdirSync(directory, { recursive: true });
  for (let file = 0; file < FILES; file++) {
    const content = crypto.getRandomValues(new Uint8Array(65_536));
    for (const directory of [source, safe]) writeFileSync(join(directory, `file-${file}`), content);
  }
  must(["touch", "-r", source, safe]);
  for (let file = 0; file < FILES; file++) {
    must(["touch", "-r", join(source, `file-${file}`), join(safe, `file-${file}`)]);
  }
  return source;
}

const cachePath = (at: FragileDisk): string => join(at.path, "cache");

function run(at: FragileDisk, ...words: string[]): Finished {
  const [command = "", ...rest] = words;
  return btdt([command, "--cache", cachePath(at), ...rest], { through: at.inThisBoot });
}

/** Restores a key; answers whether it was a hit, which must be right. */
function restoresRight(at: FragileDisk, key: string): boolean {
  const destination = scratch.fresh("restored");
  const restored = run(at, "restore", "--keys", key, destination);
  expect([0, 4]).toContain(restored.exitCode);
  if (restored.exitCode === 4) return false;
  expect(compareTrees(scratch.path("safe"), destination)).toEqual([]);
  rmSync(destination, { recursive: true });
  return true;
}

function expectSuccess({ exitCode, stderr }: Finished): void {
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
}

function expectHealed(at: FragileDisk, ...options: string[]): void {
  expectSuccess(run(at, "store", ...options, "--keys", "again", scratch.path("safe")));
  expect(restoresRight(at, "again")).toBe(true);
}

describe("a cut while the kernel writes file contents back", () => {
  for (const [type, isSameBoot] of [
    ["ext4", false],
    ["ext4", true],
    ["btrfs", false],
  ] as const satisfies readonly (readonly [FragileDiskType, boolean])[]) {
    for (const link of ["auto", "copy"]) {
      testWith(
        ["root", "mount", `mkfs.${type}`, throttling],
        `${type}, ${isSameBoot ? "same" : "next"} boot, ${link}: without a flush an entry is right or a miss, and heals`,
        async () => {
          disk = new FragileDisk(scratch, type, isSameBoot);
          mkdirSync(cachePath(disk));
          disk.holdBackContents();
          const source = writeSource(disk);
          // Writing back has begun, and takes seconds.
          await Bun.sleep(500);
          const options = ["--durability", "none", "--storage", "objects", "--link", link];
          expect(run(disk, "store", ...options, "--keys", "key", source).exitCode).toBe(0);
          disk.copyDisk();
          restoresRight(disk, "key");
          expectHealed(disk, "--storage", "objects");
        },
      );
    }
  }

  for (const type of ["ext4", "btrfs"] as const satisfies readonly FragileDiskType[]) {
    testWith(
      ["root", "mount", `mkfs.${type}`, throttling],
      `${type}: what was stored with a flush, as by default, is there`,
      async () => {
        disk = new FragileDisk(scratch, type);
        mkdirSync(cachePath(disk));
        disk.holdBackContents();
        const source = writeSource(disk);
        await Bun.sleep(300);
        expect(run(disk, "store", "--keys", "key", source).exitCode).toBe(0);
        disk.copyDisk();
        expect(restoresRight(disk, "key")).toBe(true);
      },
    );
  }

  testWith(
    ["root", "mount", "mkfs.ext4", throttling],
    "objects that a restore made from packs are right or not used",
    () => {
      disk = new FragileDisk(scratch, "ext4");
      mkdirSync(cachePath(disk));
      const source = writeSource(disk);
      expect(run(disk, "store", "--storage", "packs", "--keys", "key", source).exitCode).toBe(0);
      disk.holdBackContents();
      expect(run(disk, "restore", "--keys", "key", join(disk.path, "restored")).exitCode).toBe(0);
      Bun.sleepSync(500);
      disk.copyDisk();
      // The packs are on disk.
      expect(restoresRight(disk, "key")).toBe(true);
      expectHealed(disk, "--storage", "packs");
    },
  );
});

const SHUTDOWN_ROUNDS = Number(process.env["BTDT_TEST_POWER_CUTS"] ?? 3);

describe("a cut that loses what is in memory", () => {
  for (const type of ["ext4", "xfs"] as const satisfies readonly FragileDiskType[]) {
    for (const [durability, isSameBoot] of [
      ["flush", false],
      ["none", false],
      ["none", true],
    ] as const) {
      testWith(
        ["root", "mount", `mkfs.${type}`, "xfs_io"],
        `${type}, ${durability}, ${isSameBoot ? "same" : "next"} boot: right after a store, and at any moment of one, every key is right or a miss`,
        async () => {
          disk = new FragileDisk(scratch, type, isSameBoot);
          mkdirSync(cachePath(disk));
          for (let round = 0; round < SHUTDOWN_ROUNDS; round++) {
            const source = writeSource(disk);
            const options = ["--durability", durability, "--keys", `after-${round}`, source];
            expectSuccess(run(disk, "store", ...options));
            disk.shutDown();
            const isHit = restoresRight(disk, `after-${round}`);
            if (durability === "flush") expect(isHit).toBe(true);
            expectHealed(disk);

            const words = ["store", "--cache", cachePath(disk), "--durability", durability];
            const storing = startBtdt([...words, "--keys", `during-${round}`, writeSource(disk)], {
              through: disk.inThisBoot,
            });
            const delayMs = Math.random() * 250;
            await Bun.sleep(delayMs);
            disk.dropMemory();
            await storing.exited;
            disk.restart();
            writeSync(2, `cut ${Math.round(delayMs)} ms after a store began\n`);
            restoresRight(disk, `during-${round}`);
            expectHealed(disk);
            // In many rounds, the disk would become full.
            if (round % 10 === 9) expectSuccess(run(disk, "clean", "--max-size", "0"));
          }
        },
      );
    }
  }
});
