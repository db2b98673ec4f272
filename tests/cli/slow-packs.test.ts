import { expect } from "bun:test";
import { join } from "node:path";
import { SlowVolume, type VolumeCounts } from "../../bench/slow-volume/slow-volume.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { finishedOf, startBtdt } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree, type TreeNode } from "../support/tree.ts";

const scratch = Scratch.use();

const FUSE = ["mount", "cc", "/dev/fuse", "/usr/include/fuse3/fuse_lowlevel.h"] as const;
const DELAY_US = 5000;
const FILES = 900;
/** Random, so that the pack is about as large as the tree: 3.5 MiB. */
const FILE_BYTES = 4096;
/** More than a thread waits for when it reads a file from one end to the other. */
const MANY_READS = 6;

const random = (): Buffer => Buffer.from(crypto.getRandomValues(new Uint8Array(FILE_BYTES)));

testWith(FUSE, "packs on a slow volume are written in large pieces, and read ahead", async () => {
  const files = Array.from({ length: FILES }, (_, index): [string, TreeNode] => [
    `f${index}`,
    file(random()),
  ]);
  makeTree(scratch.path("tree"), dir(Object.fromEntries(files)));
  const volume = await SlowVolume.mount(scratch.directory("far"), scratch.directory("volume"));
  scratch.noteMount(volume.path);
  try {
    await volume.delay(DELAY_US);
    const countOf = async (...words: string[]): Promise<VolumeCounts> => {
      await volume.takeCounts();
      expect(await finishedOf(startBtdt(words))).toMatchObject({ exitCode: 0 });
      return await volume.takeCounts();
    };
    const cache = ["-c", join(volume.path, "cache"), "-k", "key"];
    const stored = await countOf("store", "--create-cache", ...cache, scratch.path("tree"));
    // One block, a few small files, and what the kernel cuts them into.
    expect(stored.operations["write"]).toBeWithin(5, 25);
    const restored = await countOf("restore", ...cache, scratch.path("to"));
    expect(restored.operations["read"]).toBeWithin(28, 60);
    expect(restored.mostInFlight).toBeGreaterThan(MANY_READS);
    expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
  } finally {
    await volume.unmount();
  }
});
