import { expect, test } from "bun:test";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { SlowVolume, type VolumeCounts } from "../../bench/slow-volume/slow-volume.ts";
import { btdt, finishedOf, startBtdt } from "../support/executable.ts";
import { type Requirement, testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { injecting } from "../support/trace.ts";
import { dir, file, makeTree, type TreeNode } from "../support/tree.ts";

const scratch = Scratch.use();

const FUSE: readonly Requirement[] = ["mount", "cc", "/dev/fuse", "/usr/include/fuse3/fuse_lowlevel.h"];
const DELAY_US = 2000;
/** More than a local disk gets, on any machine. */
const MANY = 8;
const DIRECTORIES = 60;
const FILES = 10;
/** On a slow volume. */
const MOST_THREADS = 32;

/** A slow volume with a tree and a cache in which it is stored. */
async function mountSlowVolume(name = "volume"): Promise<SlowVolume> {
  const [far, path] = [scratch.directory(name, "far"), scratch.directory(name, "mount")];
  const directories = Array.from({ length: DIRECTORIES }, (_, index): [string, TreeNode] => [
    `d${index}`,
    dir(Object.fromEntries(Array.from({ length: FILES }, (_, at) => [`f${at}`, file(`${index} ${at}`)]))),
  ]);
  makeTree(join(far, "tree"), dir(Object.fromEntries(directories)));
  mkdirSync(join(far, "cache"));
  const stored = btdt(["store", "-c", join(far, "cache"), "-k", "key", "--link", "hard", join(far, "tree")]);
  expect(stored).toMatchObject({ exitCode: 0 });
  const volume = await SlowVolume.mount(far, path);
  scratch.noteMount(path);
  await volume.delay(DELAY_US);
  await volume.takeCounts();
  return volume;
}

const restoreWords = (volume: SlowVolume, to: string, ...options: string[]): string[] => {
  const cache = join(volume.path, "cache");
  return ["restore", "-c", cache, "-k", "key", "--link", "hard", ...options, join(volume.path, to)];
};
const storeWords = (volume: SlowVolume, key: string, ...options: string[]): string[] => {
  const cache = join(volume.path, "cache");
  return ["store", "-c", cache, "-k", key, "--link", "hard", ...options, join(volume.path, "tree")];
};

const cleanWords = (volume: SlowVolume): string[] => {
  return ["clean", "-c", join(volume.path, "cache"), "--max-size", "0"];
};

function objectsOf(volume: SlowVolume): string[] {
  const objects = join(volume.path, "cache", "btdt-v1", "objects");
  const files = readdirSync(objects, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.includes("/"),
  );
  return files.map((name) => join(objects, name));
}

async function countOf(volume: SlowVolume, words: readonly string[], env = {}): Promise<VolumeCounts> {
  const finished = await finishedOf(startBtdt(words, { env }));
  expect(finished).toMatchObject({ exitCode: 0 });
  return await volume.takeCounts();
}

testWith(
  [...FUSE, "linux"],
  "where few files may be open, there are as few threads as that allows",
  async () => {
    const volume = await mountSlowVolume();
    try {
      const through = ["prlimit", "--nofile=64:64"];
      const store = storeWords(volume, "again", "--storage", "packs");
      for (const words of [restoreWords(volume, "to"), store, ["verify", "-c", join(volume.path, "cache")]]) {
        expect(await finishedOf(startBtdt(words, { through }))).toMatchObject({ exitCode: 0 });
      }
      expect((await volume.takeCounts()).mostInFlight).toBeGreaterThan(2);
    } finally {
      await volume.unmount();
    }
  },
);

testWith(FUSE, "many operations are in flight where each takes long, or as many as --jobs says", async () => {
  const volume = await mountSlowVolume();
  try {
    const restored = await countOf(volume, restoreWords(volume, "to"));
    expect(restored.operations["link"]).toBe(DIRECTORIES * FILES);
    expect(restored.mostInFlight).toBeGreaterThan(MANY);
    expect((await countOf(volume, storeWords(volume, "same"))).mostInFlight).toBeGreaterThan(MANY);
    const verified = await countOf(volume, ["verify", "-c", join(volume.path, "cache")]);
    expect(verified.mostInFlight).toBeGreaterThan(MANY);
    const listed = await countOf(volume, ["list", "--sizes", "-c", join(volume.path, "cache")]);
    expect(listed.mostInFlight).toBeGreaterThan(MANY);
    // The kernel may read ahead at the same time.
    const alone = await countOf(volume, restoreWords(volume, "alone", "--jobs", "1"));
    expect(alone.mostInFlight).toBeLessThanOrEqual(2);
    const four = await countOf(volume, restoreWords(volume, "four"), { BTDT_JOBS: "4" });
    expect(four.mostInFlight).toBeWithin(2, 7);
    const cleaned = await countOf(volume, cleanWords(volume));
    expect(cleaned.operations["unlink"]).toBeWithin(DIRECTORIES * FILES, DIRECTORIES * FILES + 20);
    expect(cleaned.mostInFlight).toBeGreaterThan(MANY);
    expect(objectsOf(volume)).toEqual([]);
  } finally {
    await volume.unmount();
  }
});

testWith(FUSE, "SIGTERM ends a restore, a store and a clean there after few more operations", async () => {
  const volume = await mountSlowVolume();
  try {
    const work = [
      { words: restoreWords(volume, "to"), kind: "link" },
      { words: storeWords(volume, "same"), kind: "open" },
      { words: cleanWords(volume), kind: "unlink" },
    ];
    for (const { words, kind } of work) {
      const started = startBtdt(words);
      for (let count = 0; count < 100; ) count += (await volume.takeCounts()).operations[kind] ?? 0;
      process.kill(started.pid, "SIGTERM");
      await volume.takeCounts();
      expect(await finishedOf(started)).toMatchObject({ exitCode: 143, stdout: "", stderr: "" });
      const { operations } = await volume.takeCounts();
      // Each thread ends its directory. What is removed, by one thread, is bounded by half a second.
      expect(operations[kind] ?? 0).toBeLessThanOrEqual(MOST_THREADS * FILES);
      expect(operations["unlink"] ?? 0).toBeLessThan(500_000 / DELAY_US + 50);
    }
  } finally {
    await volume.unmount();
  }
});

testWith(
  [...FUSE, "strace"],
  "a clean there leaves what the volume does not let go of, and says so",
  async () => {
    const volume = await mountSlowVolume();
    try {
      await volume.delay(500);
      const [path = ""] = objectsOf(volume);
      const through = injecting({ calls: "unlink", what: "error=EBUSY", path });
      const cleaned = await finishedOf(startBtdt(cleanWords(volume), { through }));
      expect(cleaned).toMatchObject({
        exitCode: 0,
        stderr:
          "btdt: warning: 1 unneeded file or directory could not be removed: it is in use; the next clean tries again\n",
      });
      expect(objectsOf(volume)).toEqual([path]);
    } finally {
      await volume.unmount();
    }
  },
);

testWith(FUSE, "a volume whose driver dies ends every command with one clear line", async () => {
  for (const [isStore, name] of [
    [false, "first"],
    [true, "second"],
  ] as const) {
    const volume = await mountSlowVolume(name);
    try {
      const started = startBtdt(isStore ? storeWords(volume, "same") : restoreWords(volume, "to"));
      let count = 0;
      while (count < 100) count += (await volume.takeCounts()).operations[isStore ? "open" : "link"] ?? 0;
      await volume.kill();
      const finished = await finishedOf(started);
      expect(finished).toMatchObject({ exitCode: 1, stdout: "" });
      expect(finished.stderr).toMatch(/^btdt: error: [^\n]*: the volume's driver has ended; [^\n]*\n$/);
    } finally {
      await volume.unmount();
    }
  }
});

test("a number of jobs that makes no sense is a usage error", () => {
  const words = ["restore", "-c", scratch.directory("cache"), "-k", "key", scratch.path("to")];
  for (const jobs of ["0", "-1", "257", "1.5", "many", ""]) {
    for (const env of [{ BTDT_JOBS: jobs }, {}]) {
      const option = "BTDT_JOBS" in env ? [] : [`--jobs=${jobs}`];
      const finished = btdt([...words, ...option], { env });
      // An empty variable counts as not set.
      const exitCode = jobs === "" && option.length === 0 ? 4 : 2;
      expect({ jobs, env, exitCode: finished.exitCode }).toEqual({ jobs, env, exitCode });
      if (exitCode === 2) expect(finished.stderr).toContain("from 1 to 256");
    }
  }
});
