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
/** On a slow volume. */
const MOST_THREADS = 32;

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

testWith(
  FUSE,
  "SIGTERM ends packing from a slow volume, and unpacking to one, after few more operations",
  async () => {
    const files = (index: number): [string, TreeNode] => [`f${index}`, file(`content ${index}`)];
    const directories = Array.from({ length: 60 }, (_, index): [string, TreeNode] => [
      `d${index}`,
      dir(Object.fromEntries(Array.from({ length: 40 }, (_, at) => files(index * 40 + at)))),
    ]);
    const far = scratch.directory("far");
    makeTree(join(far, "tree"), dir(Object.fromEntries(directories)));
    const volume = await SlowVolume.mount(far, scratch.directory("volume"));
    scratch.noteMount(volume.path);
    try {
      const at = (name: string): string => join(volume.path, name);
      const cache = ["-c", at("cache"), "-k"];
      const store = (key: string): string[] => ["store", "--storage", "packs", ...cache, key, at("tree")];
      const restore = ["restore", "--link", "copy", ...cache, "key", at("to")];
      await volume.delay(1000);
      expect(await finishedOf(startBtdt([...store("key"), "--create-cache"]))).toMatchObject({ exitCode: 0 });
      await volume.delay(2000);
      await volume.takeCounts();
      for (const [words, kind] of [
        [restore, "create"],
        [store("other"), "read"],
      ] as const) {
        const started = startBtdt(words);
        for (let count = 0; count < 100; ) count += (await volume.takeCounts()).operations[kind] ?? 0;
        process.kill(started.pid, "SIGTERM");
        await volume.takeCounts();
        expect(await finishedOf(started)).toMatchObject({ exitCode: 143, stdout: "", stderr: "" });
        // Each thread ends its file.
        expect((await volume.takeCounts()).operations[kind] ?? 0).toBeLessThanOrEqual(MOST_THREADS);
      }
    } finally {
      await volume.unmount();
    }
  },
);
