import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { TestCache } from "../support/cache.ts";
import { differences, snapshotTree } from "../support/compare-trees.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

const damages = {
  truncated: (bytes) => bytes.subarray(0, Math.floor(bytes.length / 2)),
  "cut by one byte": (bytes) => bytes.subarray(0, bytes.length - 1),
  empty: () => Buffer.alloc(0),
  "longer by one byte": (bytes) => Buffer.concat([bytes, Buffer.from([0])]),
  zeros: (bytes) => Buffer.alloc(bytes.length),
  "one bit flipped in the middle": (bytes) => flipped(bytes, Math.floor(bytes.length / 2)),
  "one bit flipped at the start": (bytes) => flipped(bytes, 0),
} satisfies Readonly<Record<string, (bytes: Buffer) => Buffer>>;

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(at) ^ 4, at);
  return copy;
}

/** As a bad disk would: a file of its own, so that the source is not changed as well. */
function damage(path: string, how: (bytes: Buffer) => Buffer, keepTime = false): void {
  const { mtime, mode } = statSync(path);
  const bytes = how(readFileSync(path));
  rmSync(path);
  writeFileSync(path, bytes, { mode });
  chmodSync(path, mode & 0o777);
  if (keepTime) Bun.spawnSync(["touch", "-d", mtime.toISOString(), path]);
}

function prepare(): void {
  makeTree(scratch.path("good"), dir({ file: file("the good content") }));
  makeTree(
    scratch.path("bad"),
    dir({ victim: file("the bad content", { mtime: "@1000" }), other: file("x") }),
  );
  cache.store("good", "good");
  cache.store("bad", "bad");
}

/** The damaged entry is warned about and passed over for the next key; alone it is a miss; stored again it is whole. */
function expectMissThenMended(): void {
  const fallback = cache.restore("bad,good", "to");
  expect({ exitCode: fallback.exitCode, stdout: fallback.stdout }).toEqual({
    exitCode: 3,
    stdout: "Restored key good\n",
  });
  expect(fallback.stderr).toMatch(
    /^btdt: warning: the entry of key bad cannot be used and counts as a miss: .+\nbtdt: restored/,
  );
  expect(fallback.stderr).not.toContain("bug in btdt");
  expect(differences(snapshotTree(scratch.path("good")), snapshotTree(scratch.path("to")))).toEqual([]);
  const alone = cache.restore("bad", "none");
  expect(alone.exitCode).toBe(4);
  expect(existsSync(scratch.path("none"))).toBe(false);
  cache.store("bad", "bad");
  expect(cache.restore("bad", "mended").exitCode).toBe(0);
  expect(differences(snapshotTree(scratch.path("bad")), snapshotTree(scratch.path("mended")))).toEqual([]);
  expect(cache.sessions()).toEqual([]);
}

function manifestOf(key: string): string {
  const [{ manifest }] = JSON.parse(readFileSync(cache.below("keys", key), "utf8")).trees;
  return cache.below("manifests", manifest.slice(0, 2), manifest);
}

/** By its content, of which each test has but one. */
function objectWith(content: string): string {
  const found = cache
    .objects()
    .find((name) => readFileSync(cache.below("objects", name), "utf8") === content);
  return cache.below("objects", found ?? "none");
}

describe.each(Object.entries(damages))("%s", (_, how) => {
  test("key", () => {
    prepare();
    damage(cache.below("keys", "bad"), (bytes) => how(bytes.subarray(0, bytes.length - 1)));
    expectMissThenMended();
  });

  test("manifest", () => {
    prepare();
    damage(manifestOf("bad"), how);
    expectMissThenMended();
  });
});

// A bit that flips by itself changes neither size nor time; finding it takes reading everything.
test.each(["truncated", "empty", "longer by one byte"] as const)(
  "%s object, even with its old time",
  (name) => {
    prepare();
    damage(objectWith("the bad content"), damages[name], true);
    expectMissThenMended();
  },
);

test("an object that was rewritten", () => {
  prepare();
  damage(objectWith("the bad content"), (bytes) => flipped(bytes, 3));
  expectMissThenMended();
});

test("a missing object, a missing manifest", () => {
  prepare();
  rmSync(objectWith("the bad content"));
  expectMissThenMended();
  rmSync(scratch.path("to"), { recursive: true });
  rmSync(scratch.path("mended"), { recursive: true });
  rmSync(manifestOf("bad"));
  expectMissThenMended();
});

test("things of another kind in their places", () => {
  prepare();
  for (const path of [cache.below("keys", "bad"), manifestOf("bad")]) {
    renameSync(path, `${path}.away`);
    makeTree(path, dir());
    const { exitCode, stderr } = cache.restore("bad", "none");
    expect(exitCode).toBe(4);
    expect(stderr).toContain("warning");
    rmSync(path, { recursive: true });
    renameSync(`${path}.away`, path);
  }
  const object = objectWith("the bad content");
  rmSync(object);
  Bun.spawnSync(["ln", "-s", scratch.path("good", "file"), object]);
  expectMissThenMended();
});

test("a manifest that is the same stays, with the time of the store; one that is not is replaced", () => {
  prepare();
  const manifest = manifestOf("bad");
  const before = statSync(manifest);
  utimesSync(manifest, 1000, 1000);
  cache.store("bad", "bad");
  const same = statSync(manifest);
  expect([same.ino, same.mtimeMs >= before.mtimeMs]).toEqual([before.ino, true]);
  damage(manifest, (bytes) => flipped(bytes, bytes.length - 1));
  cache.store("bad", "bad");
  expect(cache.restore("bad", "to").exitCode).toBe(0);
});

test("a directory in the place of a manifest does not keep its tree from being stored", () => {
  prepare();
  const manifest = manifestOf("bad");
  rmSync(manifest);
  makeTree(manifest, dir({ something: file("in it") }));
  cache.store("bad", "bad");
  expect(cache.restore("bad", "to").exitCode).toBe(0);
  expect(differences(snapshotTree(scratch.path("bad")), snapshotTree(scratch.path("to")))).toEqual([]);
  expect(cache.sessions()).toEqual([]);
});

test("a key file that was copied to another key's name is not that key", () => {
  prepare();
  writeFileSync(cache.below("keys", "stolen"), readFileSync(cache.below("keys", "good")));
  const { exitCode, stderr } = cache.restore("stolen", "none");
  expect(exitCode).toBe(4);
  expect(stderr).toContain("belongs to another key");
});

test("a clean removes what is damaged and keeps what is whole", () => {
  prepare();
  damage(manifestOf("bad"), () => Buffer.alloc(0));
  writeFileSync(cache.below("keys", "torn"), "");
  expect(cache.clean().stdout).toContain("Removed bad (damage)");
  expect(cache.keys()).toEqual(["good"]);
  expect(cache.manifests()).toHaveLength(1);
  expect(cache.objects()).toHaveLength(1);
  expect(cache.restore("good", "to").exitCode).toBe(0);
});
