import { describe, expect, test } from "bun:test";
import { existsSync, lstatSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { BTDT, btdt, type Finished, must, run } from "../support/executable.ts";
import { executableForAll } from "../support/executable-for-all.ts";
import { AS_NOBODY, testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

const TREE = dir({ node_modules: dir({ a: dir({ "index.js": file("first") }), b: file("second") }) });

/** Makes a key pair, and returns the file of the private key. */
function makeKeys(name = "signing.key"): string {
  must([BTDT, "keygen", scratch.path(name)]);
  return scratch.path(name);
}

function storeSigned(key: string, signingKey: string, ...options: string[]): void {
  if (!existsSync(scratch.path("tree"))) makeTree(scratch.path("tree"), TREE);
  cache.store(key, "tree", "--sign-key", signingKey, ...options);
}

function expectMiss(finished: Finished, reason: string): void {
  expect({ exitCode: finished.exitCode, stderr: finished.stderr }).toEqual({
    exitCode: 4,
    stderr: expect.stringContaining(`counts as a miss: ${reason}`),
  });
  expect(existsSync(scratch.path("to"))).toBe(false);
}

/** Changes the record of a key as somebody could who may write to the cache. */
function forge(name: string, change: (record: { key: string; trees: { manifest: string }[] }) => void): void {
  const record = JSON.parse(readFileSync(cache.below("keys", name), "utf8"));
  change(record);
  writeFileSync(cache.below("keys", record.key), JSON.stringify(record));
}

describe("--verify-key", () => {
  test("restores what was signed, from objects and from packs", () => {
    const key = makeKeys();
    for (const storage of ["objects", "packs"]) {
      storeSigned(storage, key, "--storage", storage);
      expect(cache.restore(storage, `to-${storage}`, "--verify-key", `${key}.pub`)).toMatchObject({
        exitCode: 0,
      });
      expect(compareTrees(scratch.path("tree"), scratch.path(`to-${storage}`))).toEqual([]);
    }
    // Over what is there already.
    expect(cache.restore("packs", "to-objects", "--verify-key", `${key}.pub`).stderr).toContain(
      "2 unchanged",
    );
  });

  test("takes public keys as text, from variables, and several of them", () => {
    const [ours, theirs] = [makeKeys("ours"), makeKeys("theirs")];
    storeSigned("key", ours);
    const [own, other] = [ours, theirs].map((name) => readFileSync(`${name}.pub`, "utf8"));
    for (const [index, words] of [
      ["--verify-key", own?.trim() ?? ""],
      ["--verify-key", `${theirs}.pub`, "--verify-key", `${ours}.pub`],
      ["--verify-key", `${theirs}.pub, ${ours}.pub`],
      ["--verify-key", "env:KEYS"],
      [],
    ].entries()) {
      const env = {
        KEYS: `# both\n${other}${own}`,
        ...(words.length > 0 ? {} : { BTDT_VERIFY_KEY: "env:KEYS" }),
      };
      const restored = btdt(cache.restoreWords("key", `to-${index}`, ...words), { env });
      expect({ words, restored }).toMatchObject({ words, restored: { exitCode: 0 } });
    }
  });

  test("counts everything else as a miss, and tries the next key", () => {
    const [ours, theirs] = [makeKeys("ours"), makeKeys("theirs")];
    storeSigned("theirs", theirs);
    cache.store("plain", "tree");
    storeSigned("good", ours);
    const trust = ["--verify-key", `${ours}.pub`];
    expectMiss(cache.restore("plain", "to", ...trust), "it is not signed");
    expectMiss(cache.restore("theirs", "to", ...trust), "it is signed with another key, ");
    for (const [change, reason] of [
      [(record) => (record.key = "moved"), "its signature is wrong"],
      [(record) => record.trees.push(...record.trees), "its signature is wrong"],
      [(record) => Object.assign(record, { storedAt: "2040-01-01T00:00:00.000Z" }), "its signature is wrong"],
      [(record) => Object.assign(record, { signature: "other" }), "it is not signed"],
    ] as readonly [Parameters<typeof forge>[1], string][]) {
      forge("good", (record) => {
        record.key = "moved";
        change(record);
      });
      expectMiss(cache.restore("moved", "to", ...trust), reason);
      expect(btdt(["lookup", "-c", cache.path, "-k", "moved", ...trust]).exitCode).toBe(4);
    }
    expect(cache.restore("theirs,plain,moved,good", "to", ...trust)).toMatchObject({
      exitCode: 3,
      stdout: "Restored key good\n",
    });
    rmSync(scratch.path("to"), { recursive: true });
    expect(btdt(cache.restoreWords("none", "to", ...trust, "--fallback-prefix", "g"))).toMatchObject({
      exitCode: 3,
    });
    expect(btdt(["lookup", "-c", cache.path, "-k", "theirs,good", ...trust]).stdout).toBe("Found key good\n");
  });

  test("checks the bytes of everything", () => {
    const key = makeKeys();
    const trust = ["--verify-key", `${key}.pub`];
    storeSigned("objects", key);
    makeTree(scratch.path("other"), dir({ f: file("third") }));
    cache.store("packs", "other", "--storage", "packs", "--sign-key", key);
    // Same size, mode and time: without hashing, nothing tells.
    const [name = ""] = cache.objects();
    const object = cache.below("objects", name);
    must(["touch", "-r", object, scratch.path("times")]);
    writeFileSync(object, "x".repeat(statSync(object).size));
    must(["touch", "-r", scratch.path("times"), object]);
    expectMiss(cache.restore("objects", "to", ...trust), "the content of node_modules/");
    expect(cache.restore("packs", "to", ...trust)).toMatchObject({ exitCode: 0 });
    rmSync(scratch.path("to"), { recursive: true });
    for (const manifest of cache.manifests()) {
      const path = cache.below("manifests", manifest);
      const flipped = readFileSync(path).map((byte, index) => (index === 100 ? byte ^ 1 : byte));
      rmSync(path);
      writeFileSync(path, flipped);
    }
    expectMiss(cache.restore("objects,packs", "to", ...trust), "its manifest has been altered");
  });

  testWith(["root", "setpriv"], "links to no object that its owner could still write to", () => {
    const { executable, workplace } = executableForAll(scratch);
    makeTree(scratch.path("tree"), TREE);
    const key = makeKeys();
    must(["chown", "-R", "65534:65534", scratch.path("tree"), key]);
    must([...AS_NOBODY, "mkdir", `${workplace}/cache`]);
    const words = ["store", "-c", `${workplace}/cache`, "-k", "key", "--sign-key", key, scratch.path("tree")];
    expect(run([...AS_NOBODY, executable, ...words])).toMatchObject({ exitCode: 0 });
    const restore = (to: string, ...options: string[]): string => {
      return must([
        executable,
        "restore",
        "-c",
        `${workplace}/cache`,
        "-k",
        "key",
        ...options,
        scratch.path(to),
      ]);
    };
    const linkCount = (to: string): number => lstatSync(scratch.path(to, "node_modules", "b")).nlink;
    restore("linked");
    expect(linkCount("linked")).toBeGreaterThan(1);
    restore("copied", "--verify-key", `${key}.pub`);
    expect(linkCount("copied")).toBe(1);
    // What is there already may be such a link.
    restore("linked", "--verify-key", `${key}.pub`);
    expect(linkCount("linked")).toBe(1);
  });
});

test("run signs what it stores, and the command does not get the private key", () => {
  const key = makeKeys();
  const env = { SECRET: readFileSync(key, "utf8") };
  makeTree(scratch.path("tree"), TREE);
  scratch.directory("cache");
  const words = [
    "run",
    "-c",
    cache.path,
    "-k",
    "key",
    "--sign-key",
    "env:SECRET",
    "--verify-key",
    `${key}.pub`,
  ];
  const script = `env > '${scratch.path("environment")}'; echo "$SECRET"`;
  const ran = btdt([...words, scratch.path("tree"), "--", "sh", "-c", script], { env });
  expect(ran).toMatchObject({ exitCode: 0, stdout: "\n" });
  expect(readFileSync(scratch.path("environment"), "utf8")).not.toContain("btdt-private");
  expect(cache.restore("key", "to", "--verify-key", `${key}.pub`)).toMatchObject({ exitCode: 0 });
});

test("list and inspect name the key of a signature", () => {
  const key = makeKeys();
  storeSigned("key", key);
  const { signature } = JSON.parse(readFileSync(cache.below("keys", "key"), "utf8"));
  expect(btdt(["inspect", "-c", cache.path, "key"]).stderr).toContain(`, signed with key ${signature.key}\n`);
  const listed = JSON.parse(btdt(["list", "-c", cache.path, "--json"]).stdout);
  expect(listed.entries).toMatchObject([{ key: "key", signedBy: signature.key }]);
});

describe("keygen", () => {
  test("writes a private key that only its owner reads, and never overwrites one", () => {
    const path = scratch.path("signing.key");
    const made = btdt(["keygen", path]);
    expect(made).toMatchObject({ exitCode: 0, stdout: readFileSync(`${path}.pub`, "utf8") });
    expect(made.stderr).toMatch(
      /^btdt: wrote .*signing\.key and .*signing\.key\.pub; the id of the key is [0-9a-f]{16}\n$/,
    );
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const before = readFileSync(path);
    const again = btdt(["keygen", path]);
    expect(again).toMatchObject({ exitCode: 1, stdout: "" });
    expect(again.stderr).toMatch(/^btdt: error: cannot write .*signing\.key: .+\n$/);
    // The public file is in the way of another pair: neither is left.
    rmSync(path);
    expect(btdt(["keygen", path]).exitCode).toBe(1);
    expect(existsSync(path)).toBe(false);
    expect(before.toString()).toMatch(/^btdt-private-ed25519:[\w-]{43}\n$/);
  });

  test("prints both without a file", () => {
    const { exitCode, stdout } = btdt(["keygen"]);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(/^btdt-private-ed25519:[\w-]{43}\nbtdt-public-ed25519:[\w-]{43}\n$/),
    });
  });
});

test("what is not a key is one line, and nothing is done", () => {
  const key = makeKeys();
  makeTree(scratch.path("tree"), TREE);
  writeFileSync(scratch.path("empty"), "\n");
  const store = (value: string) => btdt(cache.storeWords("key", "tree", "--sign-key", value));
  const restore = (value: string) => cache.restore("key", "to", "--verify-key", value);
  for (const [finished, message] of [
    [store(`${key}.pub`), "is not a private key"],
    [store(scratch.path("empty")), "is not a private key"],
    [store(scratch.path("missing")), "no such file or directory"],
    [store("env:BTDT_TEST_UNSET"), "the variable BTDT_TEST_UNSET, which --sign-key names, is not set"],
    [restore(key), "is a private key (give the public one: the file that ends in .pub)"],
    [restore(scratch.path("empty")), "has no public keys"],
    [restore("btdt-public-ed25519:short"), "has no public keys"],
    [restore("/dev/zero"), "has no public keys"],
  ] as const) {
    expect(finished).toMatchObject({ exitCode: 1, stdout: "" });
    expect(finished.stderr).toMatch(/^btdt: error: [^\n]+\n$/);
    expect(finished.stderr).toContain(message);
    expect(finished.stderr).not.toContain("btdt-private");
  }
  expect(existsSync(cache.below("keys", "key"))).toBe(false);
});
