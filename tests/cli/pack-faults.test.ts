import { describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { zstdCompressSync } from "node:zlib";
import { CacheDirectory } from "../../src/cache/cache-directory.ts";
import { describeErrno } from "../../src/fs/errno.ts";
import { storeEntry } from "../../src/store/store.ts";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { BTDT, btdt, finishedOf, must, run, startBtdt } from "../support/executable.ts";
import { fileDigest, sha256 } from "../support/expected-digests.ts";
import { inlineRuntime } from "../support/inline-runtime.ts";
import { btdtMeasured } from "../support/memory.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { STORE_SETTINGS } from "../support/store-settings.ts";
import { injecting, stoppedAt } from "../support/trace.ts";
import { dir, file, makeTree, type TreeNode } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

const MEBIBYTE = 1024 * 1024;

function random(sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  for (let offset = 0; offset < sizeBytes; offset += 65_536) {
    crypto.getRandomValues(bytes.subarray(offset, Math.min(sizeBytes, offset + 65_536)));
  }
  return bytes;
}

function packs(): string[] {
  return readdirSync(cache.below("packs")).toSorted();
}

function marks(): string[] {
  return packs().flatMap((name) =>
    readdirSync(cache.below("packs", name)).filter((each) => each.startsWith("damaged")),
  );
}

function expectHit(key: string, source: string, destination: string, ...options: string[]): void {
  expect(cache.restore(key, destination, ...options)).toMatchObject({ exitCode: 0 });
  expect(compareTrees(scratch.path(source), scratch.path(destination))).toEqual([]);
}

/** Small files in a block, and a large one. */
function storeMixed(key: string, source = key): void {
  const small = Array.from({ length: 50 }, (_, index): [string, TreeNode] => [
    `f${index}`,
    file(`${key} ${index} `.repeat(500)),
  ]);
  makeTree(scratch.path(source), dir({ ...Object.fromEntries(small), large: file(random(9 * MEBIBYTE)) }));
  cache.store(key, source, "--storage", "packs");
}

/** Objects whose content is not what their name says. */
function wrongObjects(): string[] {
  return cache.objects().filter((name) => {
    const digest = fileDigest(readFileSync(cache.below("objects", name))).toString("hex");
    return !name.slice(3).startsWith(digest);
  });
}

test("a restore that is interrupted at any moment creates only whole objects", async () => {
  const small = Array.from({ length: 400 }, (_, index): [string, TreeNode] => [
    `f${index}`,
    file(`${index}`),
  ]);
  makeTree(scratch.path("from"), dir({ ...Object.fromEntries(small), large: file(random(9 * MEBIBYTE)) }));
  cache.store("k", "from", "--storage", "packs");
  const startNs = Bun.nanoseconds();
  expect(cache.restore("k", "whole", "--link", "copy").exitCode).toBe(0);
  const wholeMs = (Bun.nanoseconds() - startNs) / 1e6;
  const moments = 4;
  for (let moment = 1; moment <= moments; moment++) {
    const started = startBtdt(cache.restoreWords("k", `to${moment}`));
    const finished = finishedOf(started);
    await Bun.sleep((wholeMs * moment) / moments);
    started.kill("SIGINT");
    const { exitCode } = await finished;
    expect([0, 130]).toContain(exitCode);
    expect(existsSync(scratch.path(`to${moment}`))).toBe(exitCode === 0);
    expect(wrongObjects()).toEqual([]);
    for (const name of cache.objects()) rmSync(cache.below("objects", name));
  }
  expectHit("k", "from", "to");
});

describe("an errno is not damage", () => {
  for (const errno of ["EIO", "EMFILE", "EACCES", "ESTALE"]) {
    for (const [what, name, calls] of [
      ["the index cannot be opened", "index", "open,openat"],
      ["the index cannot be read", "index", "read,pread64"],
      ["the pack cannot be opened", "pack", "open,openat"],
      ["the pack cannot be read", "pack", "pread64"],
    ] as const) {
      testWith(["strace"], `${what}: ${errno}`, () => {
        storeMixed("k");
        const path = cache.below("packs", packs()[0] ?? "", name);
        const through = injecting({ calls, what: `error=${errno}:when=1+`, path });
        const missed = btdt(cache.restoreWords("k", "none", "--link", "copy"), { through });
        expect(missed.exitCode).toBe(4);
        expect(missed.stderr).toMatch(/cannot (be )?read/);
        expect(missed.stderr).toContain(describeErrno(errno));
        expect(missed.stderr).not.toContain("bug in btdt");
        expect(existsSync(scratch.path("none"))).toBe(false);
        expect(marks()).toEqual([]);
        expectHit("k", "k", "to", "--link", "copy");
      });
    }
  }
});

describe("something else in place of a pack's file never hangs, and hurts nothing else", () => {
  const kinds: [string, (path: string) => void][] = [
    ["a FIFO", (path) => must(["mkfifo", path])],
    ["a directory", (path) => mkdirSync(path)],
    ["a symlink to a file that never ends", (path) => symlinkSync("/dev/zero", path)],
    ["a device", (path) => must(["mknod", path, "c", "1", "5"])],
  ];
  for (const [kind, make] of kinds) {
    for (const name of ["index", "pack"]) {
      testWith(kind === "a device" ? ["root"] : [], `${kind} in place of ${name}`, () => {
        storeMixed("bad");
        const path = cache.below("packs", packs()[0] ?? "", name);
        rmSync(path);
        make(path);
        storeMixed("good");
        expect(cache.restore("bad", "none", "--link", "copy")).toMatchObject({ exitCode: 4 });
        expectHit("good", "good", "to", "--link", "copy");
        expect(cache.clean()).toMatchObject({ exitCode: 0 });
        expect(packs()).toHaveLength(1);
        cache.store("bad", "bad", "--storage", "packs");
        expectHit("bad", "bad", "mended", "--link", "copy");
      });
    }
  }

  test("a pack that is a symlink to another directory is neither read nor written into", () => {
    storeMixed("k");
    const [name = ""] = packs();
    must(["mv", cache.below("packs", name), scratch.path("elsewhere")]);
    symlinkSync(scratch.path("elsewhere"), cache.below("packs", name));
    // A block is damaged, so that a restore would mark it.
    const pack = readFileSync(scratch.path("elsewhere", "pack"));
    pack.writeUInt8(pack.readUInt8(pack.length - 1) ^ 1, pack.length - 1);
    writeFileSync(scratch.path("elsewhere", "pack"), pack);
    const before = readdirSync(scratch.path("elsewhere"));
    expect(cache.restore("k", "none", "--link", "copy")).toMatchObject({ exitCode: 4 });
    expect(cache.clean()).toMatchObject({ exitCode: 0 });
    expect(packs()).toEqual([]);
    expect(readdirSync(scratch.path("elsewhere"))).toEqual(before);
  });

  test("an index of a few kilobytes that states gigabytes takes little memory", () => {
    storeMixed("k");
    const prefix = Buffer.from("BTDTPIDX\x01\0\0\0\xff\xff\xff\x7f", "latin1");
    const index = Buffer.concat([prefix, zstdCompressSync(Buffer.alloc(2 ** 30))]);
    const name = sha256(index).toString("hex");
    mkdirSync(cache.below("packs", name));
    writeFileSync(cache.below("packs", name, "index"), index);
    writeFileSync(cache.below("packs", name, "pack"), "");
    const restored = btdtMeasured(cache.restoreWords("k", "to", "--link", "copy"), scratch.path("report"));
    expect(restored).toMatchObject({ exitCode: 0 });
    expect(restored.peakMemoryBytes).toBeLessThan(400e6);
    expect(cache.clean()).toMatchObject({ exitCode: 0 });
    expect(packs()).toHaveLength(1);
  });

  test("an index of holes is not read whole", () => {
    storeMixed("k");
    const path = cache.below("packs", packs()[0] ?? "", "index");
    truncateSync(path, 8 * 2 ** 30);
    const restored = btdtMeasured(cache.restoreWords("k", "none", "--link", "copy"), scratch.path("report"));
    expect(restored).toMatchObject({ exitCode: 4 });
    expect(restored.peakMemoryBytes).toBeLessThan(400e6);
  });
});

testWith(["strace"], "a clean at any moment of a store takes nothing that the store counts on", async () => {
  const shared = random(8 * MEBIBYTE);
  makeTree(scratch.path("old"), dir({ large: file(Buffer.concat([shared, random(1000)])) }));
  makeTree(scratch.path("new"), dir({ large: file(Buffer.concat([shared, random(1000)])) }));
  // The old entry's pack has chunks of the new one, whose list of chunks is in no pack that has a name yet.
  const storeAfterDelete = async (when: number): Promise<number> => {
    must(["rm", "-rf", cache.path, scratch.path("to")]);
    cache.store("old", "old", "--storage", "packs");
    rmSync(cache.below("keys", "old"));
    const words = cache.storeWords("new", "new", "--storage", "packs");
    const { exitCode } = await stoppedAt(
      { calls: "fsync", when },
      words,
      scratch.path(`trace${when}`),
      () => {
        // It waits while the store is stopped with the lock in its hands.
        run(["timeout", "5", BTDT, "clean", "-c", cache.path]);
      },
    );
    return exitCode;
  };
  for (const when of [1, 3, 4, 5, 6]) {
    expect(await storeAfterDelete(when)).toBe(0);
    expectHit("new", "new", "to", "--link", "copy");
  }
});

test("a damaged block keeps no other from being rewritten, and what is damaged goes", () => {
  const [kept, broken] = [random(100_000), random(100_000)];
  for (const name of ["one", "two"]) {
    makeTree(
      scratch.path(name),
      dir({ waste: file(random(2 * MEBIBYTE)), kept: file(name === "one" ? kept : broken) }),
    );
    cache.store(name, name, "--storage", "packs");
    rmSync(scratch.path(name, "waste"));
    cache.store(name, name, "--storage", "packs");
  }
  const damaged =
    packs().find((name) => readFileSync(cache.below("packs", name, "pack")).includes(broken)) ?? "";
  const path = cache.below("packs", damaged, "pack");
  const pack = readFileSync(path);
  const offset = pack.indexOf(broken) + 50_000;
  pack.writeUInt8(pack.readUInt8(offset) ^ 1, offset);
  writeFileSync(path, pack);
  expect(cache.clean()).toMatchObject({ exitCode: 0 });
  const sizes = (): number =>
    packs().reduce((sum, name) => sum + statSync(cache.below("packs", name, "pack")).size, 0);
  expectHit("one", "one", "to", "--link", "copy");
  expect(cache.restore("two", "none").exitCode).toBe(4);
  cache.clean();
  expect(sizes()).toBeLessThan(150_000);
  expectHit("one", "one", "again", "--link", "copy");
});

describe("many packs", () => {
  const FILES = 150;

  /** An entry whose files are in a pack each, as so many stores that each add a file would leave it. */
  async function storeInManyPacks(): Promise<void> {
    const files = Array.from({ length: FILES }, (_, index): [string, TreeNode] => [
      `f${index}`,
      file(`content ${index}`),
    ]);
    makeTree(scratch.path("from"), dir(Object.fromEntries(files)));
    scratch.directory("cache");
    const store = async (source: string, key: string): Promise<void> => {
      await storeEntry(
        {
          cache: CacheDirectory.open(cache.path),
          keys: [key],
          sources: [source],
          ...STORE_SETTINGS,
          storage: "packs",
        },
        inlineRuntime(),
      );
    };
    for (const [name] of files) await store(scratch.path("from", name), "one");
    await store(scratch.path("from"), "all");
    expect(packs()).toHaveLength(FILES);
  }

  test("a restore opens no more of them than it may, and a clean merges them", async () => {
    await storeInManyPacks();
    const through = ["bash", "-c", 'ulimit -n 100; exec "$0" "$@"'];
    expect(btdt(cache.restoreWords("all", "few", "--link", "copy"), { through })).toMatchObject({
      exitCode: 0,
    });
    expect(compareTrees(scratch.path("from"), scratch.path("few"))).toEqual([]);
    expect(cache.clean()).toMatchObject({ exitCode: 0 });
    expect(packs()).toHaveLength(1);
    expect(cache.clean().stdout).not.toContain("pack");
    expectHit("all", "from", "to", "--link", "copy");
    expectHit("one", `from/f${FILES - 1}`, "single", "--link", "copy");
  });
});
