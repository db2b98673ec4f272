import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { btdt, must } from "../support/executable.ts";
import { mountTmpfs } from "../support/mounts.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree, symlink, type TreeNode } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

const MEBIBYTE = 1024 * 1024;

function packs(): string[] {
  return readdirSync(cache.below("packs")).toSorted();
}

function packBytes(): number {
  return packs().reduce((sum, name) => sum + statSync(cache.below("packs", name, "pack")).size, 0);
}

function random(sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  for (let offset = 0; offset < sizeBytes; offset += 65_536) {
    crypto.getRandomValues(bytes.subarray(offset, Math.min(sizeBytes, offset + 65_536)));
  }
  return bytes;
}

/** Many small files, empty ones, links, odd modes and times, equal contents, files of several chunks. */
function mixedTree(): TreeNode {
  const large = random(9 * MEBIBYTE);
  const small = Array.from({ length: 400 }, (_, index): [string, TreeNode] => [
    `f${index}`,
    file(`content ${index} `.repeat(index), { mode: index % 7 === 0 ? 0o755 : 0o640, mtime: `@${index}.5` }),
  ]);
  return dir({
    many: dir(Object.fromEntries(small), { mode: 0o750 }),
    twins: dir({ a: file("same"), b: file("same", { mtime: "@-5.25" }), c: file("same", { mode: 0o600 }) }),
    empty: file(""),
    "large one": file(large, { mode: 0o400 }),
    "large copy": file(large),
    "exactly one chunk": file(random(4 * MEBIBYTE)),
    zeros: file(new Uint8Array(13 * MEBIBYTE)),
    link: symlink("many/f1", "@77.7"),
    "\xff\xfe": file("a name that is not UTF-8"),
    closed: dir({ in: file("within") }, { mode: 0o500 }),
  });
}

function expectRestored(key: string, source: string, destination = "to", ...options: string[]): string {
  const { exitCode, stderr } = cache.restore(key, destination, ...options);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  expect(compareTrees(scratch.path(source), scratch.path(destination))).toEqual([]);
  return stderr;
}

for (const compression of ["zstd", "zstd:19", "deflate", "deflate:1", "none"]) {
  test(`a tree comes back from packs: ${compression}`, () => {
    makeTree(scratch.path("from"), mixedTree());
    cache.store("k", "from", "--storage", "packs", "--compression", compression);
    expect(cache.objects()).toEqual([]);
    expect(expectRestored("k", "from", "copied", "--link", "copy")).toContain("unpacked");
    expect(cache.objects()).toEqual([]);
  });
}

test("package contents that are unpacked on the cache's file system are linked the next time", () => {
  makeTree(scratch.path("from"), mixedTree());
  cache.store("k", "from", "--storage", "packs");
  expect(expectRestored("k", "from", "first", "--share", "*")).toContain("unpacked");
  const second = expectRestored("k", "from", "second", "--share", "*", "--link", "hard");
  expect(second).not.toContain("unpacked");
  expect(second).toContain("linked");
  cache.clean();
  expect(packs()).toEqual([]);
  expectRestored("k", "from", "third");
});

test("a single file, small and large", () => {
  for (const [key, content] of [
    ["small", "x"],
    ["large", random(5 * MEBIBYTE)],
  ] as const) {
    makeTree(scratch.path(key), file(content, { mode: 0o755, mtime: "@1.000000001" }));
    cache.store(key, key, "--storage", "packs");
    expectRestored(key, key, `${key}-to`);
  }
});

test("into a directory that has a part of it", () => {
  makeTree(scratch.path("from"), mixedTree());
  cache.store("k", "from", "--storage", "packs");
  makeTree(
    scratch.path("to"),
    dir({ many: dir({ f5: file("another") }), extra: file("stays"), link: file("a file") }),
  );
  expect(cache.restore("k", "to").exitCode).toBe(0);
  expect(readFileSync(scratch.path("to", "extra"), "utf8")).toBe("stays");
  rmSync(scratch.path("to", "extra"));
  expect(compareTrees(scratch.path("from"), scratch.path("to"), { withRoot: false })).toEqual([]);
});

describe("contents that the cache has are not written again", () => {
  test("one changed file of many", () => {
    const tree = mixedTree();
    makeTree(scratch.path("from"), tree);
    cache.store("k", "from", "--storage", "packs");
    const before = packBytes();
    writeFileSync(scratch.path("from", "many", "f3"), "changed");
    cache.store("k2", "from", "--storage", "packs");
    expect(packBytes() - before).toBeLessThan(1000);
    cache.store("k3", "from", "--storage", "packs");
    expect(packs()).toHaveLength(2);
    expectRestored("k2", "from", "to", "--link", "copy");
  });

  test("one changed chunk of a large file", () => {
    makeTree(scratch.path("from"), dir({ large: file(random(17 * MEBIBYTE)) }));
    cache.store("k", "from", "--storage", "packs");
    const bytes = readFileSync(scratch.path("from", "large"));
    bytes.writeUInt8(bytes.readUInt8(9 * MEBIBYTE) ^ 1, 9 * MEBIBYTE);
    writeFileSync(scratch.path("from", "large"), bytes);
    const before = packBytes();
    cache.store("k2", "from", "--storage", "packs");
    expect(packBytes() - before).toBeLessThan(4.1 * MEBIBYTE);
    expectRestored("k2", "from", "to", "--link", "copy");
  });

  test("those that are objects", () => {
    makeTree(scratch.path("from"), mixedTree());
    cache.store("k", "from", "--storage", "objects");
    cache.store("k2", "from", "--storage", "packs");
    expect(packs()).toEqual([]);
    writeFileSync(scratch.path("from", "new"), "new");
    cache.store("k3", "from", "--storage", "packs");
    expect(packBytes()).toBeLessThan(100);
    expectRestored("k3", "from");
  });
});

describe("clean", () => {
  test("removes packs with their last entry, and no others", () => {
    makeTree(scratch.path("a"), dir({ x: file("a".repeat(5000)) }));
    makeTree(scratch.path("b"), dir({ x: file("b".repeat(5000)) }));
    cache.store("a", "a", "--storage", "packs");
    cache.store("b", "b", "--storage", "packs");
    cache.clean();
    expect(packs()).toHaveLength(2);
    rmSync(cache.below("keys", "a"));
    expect(cache.clean("--dry-run").stdout).toContain("Would remove 1 pack");
    expect(packs()).toHaveLength(2);
    expect(cache.clean().stdout).toContain("Removed 1 pack");
    expect(packs()).toHaveLength(1);
    expectRestored("b", "b");
  });

  test("rewrites a pack that is mostly garbage, and announces it in a dry run", () => {
    makeTree(scratch.path("from"), mixedTree());
    cache.store("k", "from", "--storage", "packs");
    const before = packBytes();
    for (const name of ["large one", "large copy", "exactly one chunk"]) rmSync(scratch.path("from", name));
    rmSync(scratch.path("from", "many", "f100"));
    cache.store("k", "from", "--storage", "packs");
    const old = packs();
    expect(cache.clean("--dry-run").stdout).toContain("Would rewrite 1 pack");
    expect(packs()).toEqual(old);
    expect(cache.clean().stdout).toContain("Rewrote 1 pack");
    expect(packs()).toHaveLength(1);
    expect(packs()).not.toEqual(old);
    expect(packBytes()).toBeLessThan(before / 5);
    expect(cache.sessions()).toEqual([]);
    expect(cache.clean().stdout).not.toContain("pack");
    expectRestored("k", "from", "to", "--link", "copy");
  });

  test("a damaged pack is not rewritten, and does not affect others", () => {
    makeTree(scratch.path("from"), dir({ a: file(random(100_000)), b: file(random(100_000)) }));
    cache.store("k", "from", "--storage", "packs");
    rmSync(scratch.path("from", "a"));
    cache.store("k", "from", "--storage", "packs");
    const [name] = packs();
    flip(cache.below("packs", name ?? "", "pack"), 150_000);
    expect(cache.clean()).toMatchObject({ exitCode: 0 });
    expect(cache.restore("k", "to").exitCode).toBe(4);
  });
});

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 16, at);
  writeFileSync(path, bytes);
}

describe("damage is a miss with a warning, and mended by the next store", () => {
  const places = ["start", "nonce", "first block", "middle", "end"] as const;
  const offsets = { start: 0, nonce: 20, "first block": 40, middle: -2, end: -1 } as const;
  const damages: [string, (directory: string) => void][] = [
    ...places.map((place): [string, (directory: string) => void] => [
      `a bit of the pack flipped: ${place}`,
      (directory) => {
        const path = join(directory, "pack");
        const { size } = statSync(path);
        const offset = offsets[place];
        flip(path, offset >= 0 ? offset : offset === -1 ? size - 1 : Math.floor(size / 2));
      },
    ]),
    ...[0, 9, 13, 20, 60, 120].map((offset): [string, (directory: string) => void] => [
      `a bit of the index flipped: ${offset}`,
      (directory) => flip(join(directory, "index"), offset),
    ]),
    ["the pack truncated", (directory) => truncateSync(join(directory, "pack"), 5000)],
    ["the pack empty", (directory) => truncateSync(join(directory, "pack"), 0)],
    ["the index truncated", (directory) => truncateSync(join(directory, "index"), 50)],
    ["the index empty", (directory) => truncateSync(join(directory, "index"), 0)],
    ["the pack gone", (directory) => rmSync(join(directory, "pack"))],
    ["the index gone", (directory) => rmSync(join(directory, "index"))],
    ["both gone", (directory) => rmSync(directory, { recursive: true })],
  ];
  for (const [name, damage] of damages) {
    test(name, () => {
      makeTree(scratch.path("good"), dir({ x: file("good") }));
      makeTree(
        scratch.path("bad"),
        dir({ a: file(random(30_000)), b: file("text ".repeat(9000)), c: file(random(5 * MEBIBYTE)) }),
      );
      cache.store("bad", "bad", "--storage", "packs");
      damage(cache.below("packs", packs()[0] ?? ""));
      cache.store("good", "good", "--storage", "packs");
      const { exitCode, stdout, stderr } = cache.restore("bad,good", "to", "--link", "copy");
      expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: "Restored key good\n" });
      expect(stderr).toMatch(
        /^btdt: warning: the entry of key bad cannot be used and counts as a miss: .+\n/,
      );
      expect(stderr).not.toContain("bug in btdt");
      expect(compareTrees(scratch.path("good"), scratch.path("to"))).toEqual([]);
      expect(cache.restore("bad", "none").exitCode).toBe(4);
      cache.store("bad", "bad", "--storage", "packs");
      expectRestored("bad", "bad", "mended", "--link", "copy");
      cache.clean();
      expectRestored("bad", "bad", "cleaned", "--link", "copy");
      expectRestored("good", "good", "cleaned too");
    });
  }
});

test("an edited object does not matter while a pack has its content", () => {
  makeTree(scratch.path("from"), mixedTree());
  cache.store("k", "from", "--storage", "packs");
  expectRestored("k", "from", "first");
  writeFileSync(scratch.path("first", "twins", "a"), "edited");
  expectRestored("k", "from", "second");
});

testWith(["mount"], "another file system: the cache on it, the source on it, nothing to be chosen", () => {
  const mount = mountTmpfs(scratch, "mount", "200m");
  makeTree(scratch.path("from"), mixedTree());
  for (const [source, root, other] of [
    ["from", mount, scratch.path()],
    ["mount/from", scratch.directory("here"), mount],
  ] as const) {
    if (source !== "from") makeTree(join(mount, "from"), mixedTree());
    const directory = join(root, "cache");
    must(["mkdir", directory]);
    expect(btdt(["store", "-c", directory, "-k", "k", scratch.path(source)])).toMatchObject({ exitCode: 0 });
    expect(readdirSync(join(directory, "btdt-v1", "packs"))).toHaveLength(1);
    for (const destination of [join(other, "across"), join(root, "beside"), join(root, "linked")]) {
      expect(btdt(["restore", "-c", directory, "-k", "k", destination])).toMatchObject({ exitCode: 0 });
      expect(compareTrees(scratch.path(source), destination)).toEqual([]);
    }
  }
});

testWith(["mount"], "a full disk: an error, no key, and what was there stays whole", () => {
  const mount = mountTmpfs(scratch, "full", "6m");
  const directory = join(mount, "cache");
  must(["mkdir", directory]);
  makeTree(scratch.path("old"), dir({ x: file(random(MEBIBYTE)) }));
  makeTree(scratch.path("new"), dir({ small: file("x"), large: file(random(9 * MEBIBYTE)) }));
  expect(btdt(["store", "-c", directory, "-k", "old", scratch.path("old")])).toMatchObject({ exitCode: 0 });
  const { exitCode, stderr } = btdt(["store", "-c", directory, "-k", "new", scratch.path("new")]);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^btdt: error: cannot write to the cache .+: no space left on the device \(.+\)\n$/);
  expect(readdirSync(join(directory, "btdt-v1", "sessions"))).toEqual([]);
  expect(btdt(["restore", "-c", directory, "-k", "new", scratch.path("none")])).toMatchObject({
    exitCode: 4,
  });
  expect(btdt(["restore", "-c", directory, "-k", "old", scratch.path("to")])).toMatchObject({ exitCode: 0 });
  expect(compareTrees(scratch.path("old"), scratch.path("to"))).toEqual([]);
});

test("ten large files of few different chunks take little room", () => {
  const files = Array.from({ length: 10 }, (_, index): [string, TreeNode] => [
    `large${index}`,
    file(`${index}`),
  ]);
  makeTree(scratch.path("from"), dir(Object.fromEntries(files)));
  for (const [name] of files) truncateSync(scratch.path("from", name), 32 * MEBIBYTE);
  cache.store("k", "from", "--storage", "packs");
  expect(packBytes()).toBeLessThan(MEBIBYTE);
  must(["rm", "-rf", scratch.path("to")]);
  expect(cache.restore("k", "to", "--link", "copy").exitCode).toBe(0);
  must(["diff", "-r", scratch.path("from"), scratch.path("to")]);
});

test("an unknown compression is rejected", () => {
  for (const compression of ["lz4", "zstd:0", "zstd:20", "deflate:10", "none:1", "zstd:"]) {
    const finished = btdt(cache.storeWords("k", "from", "--compression", compression));
    expect(finished).toMatchObject({ exitCode: 2 });
    expect(finished.stderr).toContain(`invalid compression "${compression}"`);
  }
});
