import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { TestCache } from "../support/cache.ts";
import { differences, snapshotTree } from "../support/compare-trees.ts";
import { btdt, type Finished, finishedOf, startBtdt } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { injecting } from "../support/trace.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

function verify(...words: string[]): Finished {
  return btdt(["verify", "-c", cache.path, ...words]);
}

function verifyJson(...words: string[]) {
  const finished = verify("--json", ...words);
  return { exitCode: finished.exitCode, ...JSON.parse(finished.stdout) };
}

/**
 * Changes a byte in the middle of a file of the cache in a copy of its own, and keeps size, mode and time: only reading
 * finds it.
 */
function rot(path: string): void {
  const { mode } = statSync(path);
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
  writeFileSync(`${path}.rotten`, bytes);
  Bun.spawnSync(["touch", "-r", path, `${path}.rotten`]);
  chmodSync(`${path}.rotten`, mode & 0o777);
  renameSync(`${path}.rotten`, path);
}

function objectWith(content: string): string {
  const found = cache
    .objects()
    .find((name) => readFileSync(cache.below("objects", name), "utf8") === content);
  return cache.below("objects", found ?? "none");
}

function packFile(): string {
  const [name = ""] = readdirSync(cache.below("packs"));
  return cache.below("packs", name, "pack");
}

function expectRestored(key: string, source: string): void {
  rmSync(scratch.path("to"), { recursive: true, force: true });
  expect(cache.restore(key, "to").exitCode).toBe(0);
  expect(differences(snapshotTree(scratch.path(source)), snapshotTree(scratch.path("to")))).toEqual([]);
}

const MiB = 2 ** 20;

test("a sound cache: objects, packs and a large file", () => {
  makeTree(
    scratch.path("a"),
    dir({ small: file("small"), sub: dir({ large: file(Buffer.alloc(9 * MiB, "a")) }) }),
  );
  makeTree(scratch.path("b"), dir({ other: file("other") }));
  cache.store("a", "a", "--storage", "objects");
  cache.store("b", "b", "--storage", "packs");
  expect(verify()).toEqual({
    exitCode: 0,
    stdout: "Verified 2 keys, 2 objects, 1 block of packs (9.0 MiB)\n",
    stderr: "",
  });
  expect(verifyJson("a").checked).toEqual({
    keyCount: 1,
    objectCount: 2,
    blockCount: 0,
    contentBytes: 9 * MiB + 5,
  });
});

describe("an object whose content has changed", () => {
  function prepare(): void {
    makeTree(scratch.path("tree"), dir({ sub: dir({ victim: file("the content") }), other: file("other") }));
    cache.store("one,two", "tree", "--storage", "objects", "--link", "copy");
    rot(objectWith("the content"));
  }
  const damage = {
    keys: ["one", "two"],
    path: "sub/victim",
    reason: "the content of its object has changed",
  };

  test("is named by key and path", () => {
    prepare();
    const before = snapshotTree(cache.path);
    expect(verify()).toEqual({
      exitCode: 1,
      stdout:
        "Damaged one, two: sub/victim: the content of its object has changed\nVerified 2 keys, 2 objects (16 B)\n",
      stderr: "",
    });
    expect(verifyJson("two")).toMatchObject({ exitCode: 1, damage: [{ ...damage, outcome: "found" }] });
    expect(differences(before, snapshotTree(cache.path))).toEqual([]);
  });

  test("is replaced from the stored directory", () => {
    prepare();
    expect(verifyJson("--repair", "--from", scratch.path("tree"))).toMatchObject({
      exitCode: 0,
      damage: [{ ...damage, outcome: "repaired" }],
    });
    expectRestored("one", "tree");
    expect(verify().exitCode).toBe(0);
    expect(cache.sessions()).toEqual([]);
  });

  test("is replaced from an object with the same content", () => {
    prepare();
    makeTree(scratch.path("twin"), dir({ executable: file("the content", { mode: 0o755 }) }));
    cache.store("twin", "twin", "--storage", "objects", "--link", "copy");
    expect(verifyJson("--repair", "one")).toMatchObject({
      exitCode: 0,
      damage: [{ ...damage, outcome: "repaired" }],
    });
    expectRestored("one", "tree");
    expect(verify().exitCode).toBe(0);
  });

  test("is removed when a pack has its content", () => {
    makeTree(scratch.path("tree"), dir({ victim: file("the content") }));
    cache.store("packed", "tree", "--storage", "packs");
    cache.store("one,two", "tree", "--storage", "objects", "--link", "copy");
    rot(objectWith("the content"));
    expect(verify("--repair").exitCode).toBe(0);
    expect(cache.objects()).toEqual([]);
    expectRestored("one", "tree");
  });

  test("costs its entry when there is no good copy, and nothing else", () => {
    prepare();
    makeTree(scratch.path("else"), dir({ file: file("something else") }));
    cache.store("else", "else", "--storage", "objects", "--link", "copy");
    writeFileSync(scratch.path("tree", "sub", "victim"), "has changed");
    const finished = verify("--repair", "--from", scratch.path("tree"));
    expect(finished).toMatchObject({ exitCode: 1, stderr: "" });
    expect(finished.stdout).toStartWith(
      "Removed one, two: sub/victim: the content of its object has changed\n",
    );
    expect(cache.keys()).toEqual(["else"]);
    expectRestored("else", "else");
    expect(verify().exitCode).toBe(0);
    expect(cache.restore("one", "none").exitCode).toBe(4);
    cache.store("one", "tree");
    expectRestored("one", "tree");
  });

  test("is found when no entry needs it, because a store would use it again", () => {
    prepare();
    rmSync(cache.below("keys", "one"));
    rmSync(cache.below("keys", "two"));
    expect(verify().stdout).toMatch(
      /^Damaged the content of the unneeded object [0-9a-f]{64}-\S+ has changed\n/,
    );
    expect(verify("--repair").exitCode).toBe(0);
    expect(cache.objects()).toHaveLength(1);
  });
});

test("a large object, a file of an entry of several paths", () => {
  mkdirSync(scratch.path("work"));
  makeTree(scratch.path("work", "a"), dir({ large: file(Buffer.alloc(9 * MiB, "x")) }));
  makeTree(scratch.path("work", "b"), dir({ small: file("small") }));
  scratch.directory("cache");
  const cwd = scratch.path("work");
  const words = ["store", "-c", cache.path, "-k", "k", "--storage", "objects", "--link", "copy", "a", "b"];
  expect(btdt(words, { cwd }).exitCode).toBe(0);
  const large = cache.objects().find((name) => statSync(cache.below("objects", name)).size > MiB) ?? "";
  rot(cache.below("objects", large));
  expect(verifyJson().damage).toEqual([
    { keys: ["k"], path: "a/large", reason: "the content of its object has changed", outcome: "found" },
  ]);
  expect(verify("--repair", "--from", cwd).exitCode).toBe(0);
  expect(verify().exitCode).toBe(0);
});

test("a missing and an edited object", () => {
  makeTree(scratch.path("tree"), dir({ gone: file("gone"), edited: file("edited") }));
  cache.store("k", "tree", "--storage", "objects", "--link", "copy");
  rmSync(objectWith("gone"));
  writeFileSync(objectWith("edited"), "was written");
  expect(verifyJson().damage).toEqual([
    { keys: ["k"], path: "edited", reason: "its object was edited or truncated", outcome: "found" },
    { keys: ["k"], path: "gone", reason: "its content is missing", outcome: "found" },
  ]);
  expect(verify("--repair", "--from", scratch.path("tree")).exitCode).toBe(0);
  expectRestored("k", "tree");
});

describe("a damaged block of a pack", () => {
  function prepare(): void {
    const random = Buffer.from(crypto.getRandomValues(new Uint8Array(60_000)));
    makeTree(scratch.path("tree"), dir({ random: file(random), text: file("text".repeat(100)) }));
    cache.store("k", "tree", "--storage", "packs");
    rot(packFile());
  }

  test("is found and filled in from the stored directory", () => {
    prepare();
    const found = verifyJson();
    expect(found).toMatchObject({ exitCode: 1, damage: [{ path: "random" }, { path: "text" }] });
    expect(found.damage[0].reason).toMatch(/^block 0 of pack [0-9a-f]{64} is damaged$/);
    expect(verify("--repair", "--from", scratch.path("tree")).exitCode).toBe(0);
    expectRestored("k", "tree");
    expect(verify().exitCode).toBe(0);
  });

  test("costs the entry otherwise", () => {
    prepare();
    expect(verify("--repair").exitCode).toBe(1);
    expect(cache.keys()).toEqual([]);
    expect(verify().exitCode).toBe(0);
  });
});

test("damaged keys, manifests and packs", () => {
  for (const key of ["good", "bad"]) {
    makeTree(scratch.path(key), dir({ file: file(key) }));
    cache.store(key, key, "--storage", "packs");
  }
  const [{ manifest }] = JSON.parse(readFileSync(cache.below("keys", "bad"), "utf8")).trees;
  rot(cache.below("manifests", manifest.slice(0, 2), manifest));
  writeFileSync(cache.below("keys", "torn"), "{");
  const pack = cache.below("packs", "0".repeat(64));
  mkdirSync(pack);
  writeFileSync(`${pack}/pack`, "");
  writeFileSync(`${pack}/index`, "");
  expect(
    verifyJson().damage.map(({ keys, reason }: { keys: string[]; reason: string }) => [keys, reason]),
  ).toEqual([
    [["bad"], "its manifest has been altered"],
    [[], "the key file torn is damaged"],
    [[], `pack ${"0".repeat(64)} is damaged`],
  ]);
  expect(verifyJson("--repair")).toMatchObject({
    exitCode: 1,
    damage: [{ outcome: "removed" }, { outcome: "removed" }, { outcome: "repaired" }],
  });
  expect(cache.keys()).toEqual(["good"]);
  expect(existsSync(pack)).toBe(false);
  expect(verify()).toMatchObject({ exitCode: 0, stderr: "" });
  expectRestored("good", "good");
});

test("a key that is not there", () => {
  makeTree(scratch.path("tree"), dir({ file: file("x") }));
  cache.store("k", "tree");
  expect(verify("none", "k")).toEqual({
    exitCode: 4,
    stdout: "Verified 1 key, 1 object (1 B)\n",
    stderr: "Keys not found in cache.\nbtdt: not found: none\n",
  });
  expect(verify("--from", ".").exitCode).toBe(2);
});

testWith(
  ["strace"],
  "an entry is not removed because a good copy could not be read, or not be written, just now",
  () => {
    makeTree(scratch.path("tree"), dir({ broken: file("broken"), sound: file("sound") }));
    cache.store("key", "tree", "--storage", "objects", "--link", "copy");
    rot(objectWith("broken"));
    const copy = scratch.path("tree", "broken");
    const words = ["verify", "-c", cache.path, "--repair", "--from", scratch.path("tree")];
    for (const errno of ["EIO", "ESTALE", "EMFILE", "EACCES"]) {
      const through = injecting({ calls: "openat", what: `error=${errno}`, path: copy });
      const finished = btdt(words, { through });
      expect(finished.exitCode).toBe(1);
      expect(finished.stderr).toStartWith(`btdt: error: cannot repair with ${copy}: `);
      expect(cache.keys()).toEqual(["key"]);
    }
    expect(verify("--repair", "--from", scratch.path("tree")).exitCode).toBe(0);
    expectRestored("key", "tree");
  },
);

testWith(["strace"], "what cannot be read is reported, counts as no damage and is left alone", () => {
  makeTree(scratch.path("tree"), dir({ file: file("the content"), other: file("other") }));
  cache.store("objects", "tree", "--storage", "objects", "--link", "copy");
  cache.store("packs", "tree", "--storage", "packs", "--exclude", "other");
  const before = snapshotTree(cache.path);
  for (const [path, reason] of [
    [objectWith("the content"), "btdt: warning: objects: the object "],
    [objectWith("the content"), " cannot be read\n"],
  ] as const) {
    const words = ["verify", "-c", cache.path, "--repair"];
    const verified = btdt(words, { through: injecting({ calls: "openat,open", what: "error=EIO", path }) });
    expect(verified.exitCode).toBe(1);
    expect(verified.stderr).toContain(reason);
    expect(verified.stdout).toMatch(/^Verified 2 keys, /);
  }
  expect(differences(before, snapshotTree(cache.path))).toEqual([]);
});

testWith(["strace"], "stopped by SIGINT it changes nothing", async () => {
  const children = Array.from(
    { length: 1000 },
    (_, index) => [`f${index}`, file(`content ${index}`)] as const,
  );
  makeTree(scratch.path("tree"), dir(Object.fromEntries(children)));
  cache.store("k", "tree", "--storage", "objects", "--link", "copy");
  const before = snapshotTree(cache.path);
  const trace = scratch.path("trace");
  const slowly = injecting({ calls: "read", what: "delay_exit=5000" }, trace);
  const started = startBtdt(["verify", "-c", cache.path], { through: slowly });
  while (!existsSync(trace) || !readFileSync(trace, "utf8").includes('"content ')) await Bun.sleep(10);
  const child = readFileSync(`/proc/${started.pid}/task/${started.pid}/children`, "utf8").trim();
  process.kill(Number(child), "SIGINT");
  expect(await finishedOf(started)).toMatchObject({ exitCode: 130, stdout: "" });
  expect(differences(before, snapshotTree(cache.path))).toEqual([]);
});

test("beside stores, restores and cleans it finds no damage, and repairs nothing away", async () => {
  for (const variant of [0, 1]) {
    const own = Array.from(
      { length: 60 },
      (_, index) => [`own${index}`, file(`${variant} ${index}`)] as const,
    );
    makeTree(
      scratch.path(`variant${variant}`),
      dir({ ...Object.fromEntries(own), shared: file("s", { mtime: "@5" }) }),
    );
  }
  scratch.directory("cache");
  const others = { areOver: false };
  const storing = async (): Promise<void> => {
    for (let round = 0; round < 12; round++) {
      const variant = `variant${round % 2}`;
      const storage = round % 3 === 0 ? "packs" : "objects";
      const words = cache.storeWords(`key${round % 4}`, variant, "--storage", storage, "--link", "copy");
      expect(await finishedOf(startBtdt(words))).toMatchObject({ exitCode: 0 });
      const cleaned = finishedOf(startBtdt(["clean", "-c", cache.path, "--max-size", "300KiB"]));
      const restored = finishedOf(
        startBtdt(cache.restoreWords("key0,key1", `to${round}`, "--success-rc-on-any-key")),
      );
      expect(await cleaned).toMatchObject({ exitCode: 0 });
      expect([0, 4]).toContain((await restored).exitCode);
    }
  };
  const verifying = async (): Promise<number> => {
    let rounds = 0;
    for (; !others.areOver; rounds++) {
      const words = ["verify", "-c", cache.path, ...(rounds % 2 === 0 ? ["--repair"] : [])];
      const verified = await finishedOf(startBtdt(words));
      expect(verified).toMatchObject({ exitCode: 0, stderr: "" });
      expect(verified.stdout).toMatch(/^Verified /);
    }
    return rounds;
  };
  const storingAll = storing().finally(() => {
    others.areOver = true;
  });
  const [, rounds] = await Promise.all([storingAll, verifying()]);
  expect(rounds).toBeGreaterThan(2);
  cache.store("key0", "variant0");
  expectRestored("key0", "variant0");
});
