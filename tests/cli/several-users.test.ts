import { describe, expect, test } from "bun:test";
import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { btdt, type Finished, must, run } from "../support/executable.ts";
import { executableForAll } from "../support/executable-for-all.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { stoppedAt } from "../support/trace.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

const CI_GROUP = 5000;
const FS_GROUP = 65532;

/** A user of the shared cache, with a directory of its own. */
interface User {
  btdt(command: string, ...words: string[]): Finished;
  store(key: string, tree: string, ...options: string[]): Finished;
  readonly home: string;
}

function user(name: string, ids: readonly string[], umask = "077"): User {
  const { executable, workplace } = executableForAll(scratch);
  const home = join(workplace, name);
  const through = ["setpriv", ...ids, "sh", "-c", `umask ${umask}; exec "$@"`, "sh"];
  must([...through, "mkdir", "-m", "755", home]);
  const as = (command: string, ...words: string[]): Finished =>
    run([...through, executable, command, "-c", cache.path, ...words], { cwd: home });
  return {
    home,
    btdt: as,
    store(key, tree, ...options) {
      // As its own files: what is linked must belong to who stores.
      must([
        ...through,
        "sh",
        "-c",
        `umask 022; rm -rf ${home}/${tree} && cp -r --preserve=mode,timestamps ${scratch.path(tree)} ${home}`,
      ]);
      return as("store", "-k", key, ...options, join(home, tree));
    },
  };
}

const member = (name: string, uid: number): User =>
  user(name, [`--reuid=${uid}`, `--regid=${uid}`, `--groups=${CI_GROUP}`]);

function cacheWith(mode: number, groupId: number): void {
  mkdirSync(cache.path);
  chownSync(cache.path, 0, groupId);
  chmodSync(cache.path, mode);
}

/** Of everything but objects and manifests, whose modes say something: `mode group path`. */
function listAccess(): string[] {
  const lines = must(["find", cache.below(), "-printf", "%m %G %y %P\n"]).split("\n");
  return lines.filter((line) => line !== "" && !/ f (objects|manifests)\//.test(line));
}

function makeTrees(): void {
  makeTree(scratch.path("first"), dir({ same: file("same", { mtime: "@5" }), a: file("first") }));
  makeTree(scratch.path("second"), dir({ same: file("same", { mtime: "@5" }), b: file("second".repeat(9)) }));
}

function expectDone(finished: Finished): void {
  expect(finished).toMatchObject({ exitCode: 0 });
  expect(finished.stderr).not.toContain("warning");
}

describe("a cache directory that a group may write to", () => {
  testWith(["root", "setpriv"], "is one cache for all its members, whatever their umask", () => {
    makeTrees();
    cacheWith(0o2770, CI_GROUP);
    const [one, two] = [member("one", 1001), member("two", 1002)];
    expectDone(one.store("key", "first"));
    expectDone(two.store("key", "second"));
    expectDone(one.store("packed", "first", "--storage", "packs"));
    expectDone(two.btdt("restore", "-k", "packed", "packed"));
    expect(compareTrees(join(one.home, "first"), join(two.home, "packed"))).toEqual([]);
    expectDone(one.btdt("restore", "-k", "key", "key"));
    expect(compareTrees(join(two.home, "second"), join(one.home, "key"))).toEqual([]);

    for (const line of listAccess()) expect(line).toMatch(/^(2770 5000 d|660 5000 f) /);
    expectDone(one.btdt("verify", "--repair"));
    expectDone(two.btdt("delete", "packed"));
    expectDone(two.btdt("clean", "--max-size", "0"));
    expect([cache.keys(), cache.objects(), cache.manifests()]).toEqual([[], [], []]);
  });

  testWith(["root", "setpriv", "strace"], "is cleaned of what a killed member leaves", () => {
    makeTrees();
    cacheWith(0o2770, CI_GROUP);
    const [one, two] = [member("one", 1001), member("two", 1002)];
    expectDone(one.store("key", "first"));
    const kill = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=rename"];
    const { executable } = executableForAll(scratch);
    const killed = run([
      "setpriv",
      "--reuid=1001",
      "--regid=1001",
      `--groups=${CI_GROUP}`,
      "sh",
      "-c",
      'umask 077; exec "$@"',
      "sh",
      ...kill,
      // The first gives the session its name, the second publishes the intent.
      "-e",
      "inject=rename:signal=KILL:when=2",
      executable,
      "store",
      "-c",
      cache.path,
      "-k",
      "other",
      "--storage",
      "packs",
      scratch.path("second"),
    ]);
    expect(killed.exitCode).toBe(137);
    expect(cache.sessions()).toHaveLength(1);
    expectDone(two.btdt("clean"));
    expect(cache.sessions()).toEqual([]);
  });

  testWith(["root", "setpriv"], "lets a member note that an entry of another one was used", () => {
    makeTrees();
    cacheWith(0o2770, CI_GROUP);
    const [one, two] = [member("one", 1001), member("two", 1002)];
    expectDone(one.store("key", "first"));
    utimesSync(cache.below("keys", "key"), 1000, 1000);
    expectDone(two.btdt("restore", "-k", "key", "to"));
    expect(Date.now() - statSync(cache.below("keys", "key")).mtimeMs).toBeLessThan(600_000);
    expectDone(two.btdt("clean", "--max-age", "1d"));
    expect(cache.keys()).toEqual(["key"]);
  });

  testWith(["root", "setpriv"], "lets steps that run as root be cleaned by another user", () => {
    makeTrees();
    cacheWith(0o2775, FS_GROUP);
    const [root, cleaner] = [
      user("root", [], "022"),
      user("cleaner", ["--reuid=65532", "--regid=65532", "--clear-groups"]),
    ];
    expectDone(root.store("key", "first"));
    expectDone(root.store("packed", "second", "--storage", "packs"));
    expectDone(cleaner.btdt("clean", "--max-size", "0"));
    expect([cache.keys(), cache.objects(), readdirSync(cache.below("packs"))]).toEqual([[], [], []]);
    expectDone(cleaner.store("key", "second"));
    expectDone(root.store("key", "first"));
    expectDone(cleaner.btdt("restore", "-k", "key", "to"));
  });

  testWith(
    ["root", "setpriv"],
    "opens to the group what only its owner could use, with the next store",
    () => {
      makeTrees();
      cacheWith(0o755, 0);
      const [root, cleaner] = [
        user("root", [], "022"),
        user("cleaner", ["--reuid=65532", "--regid=65532", "--clear-groups"]),
      ];
      expectDone(root.store("key", "first"));
      chownSync(cache.path, 0, FS_GROUP);
      chmodSync(cache.path, 0o2775);
      expect(cleaner.btdt("clean").exitCode).toBe(1);
      expectDone(root.store("other", "second"));
      for (const line of listAccess()) expect(line).toMatch(/^(2775 65532 d|664 65532 f) /);
      expectDone(cleaner.btdt("clean", "--max-size", "0"));
      expect(cache.keys()).toEqual([]);
    },
  );
});

describe("a directory of the cache that is replaced while root opens it to the group", () => {
  for (const name of ["keys", "sessions", "manifests", "packs"]) {
    testWith(["root", "strace"], `makes it change no mode or group elsewhere: ${name}`, async () => {
      makeTrees();
      cacheWith(0o755, 0);
      const words = ["--storage", "packs"];
      cache.store("key", "first", ...words);
      chownSync(cache.path, 0, FS_GROUP);
      chmodSync(cache.path, 0o2775);
      // The same names outside the cache.
      const outside = scratch.path("outside");
      must(["cp", "-a", cache.below(name), outside]);
      must(["sh", "-c", `touch ${outside}/file && chmod -R u=rwX,go= ${outside}`]);
      const listOutside = () => must(["find", outside, "-printf", "%m %G %y %p\n"]).split("\n");
      const before = listOutside();
      const [shard = ""] = readdirSync(cache.below("manifests"));
      const path = name === "manifests" ? cache.below(name, shard) : cache.below(name);
      const moment = { calls: "fchmod", path };
      await stoppedAt(moment, cache.storeWords("other", "second", ...words), scratch.path("trace"), () => {
        must(["mv", cache.below(name), scratch.path("moved")]);
        must(["ln", "-s", outside, cache.below(name)]);
      });
      const after = new Set(listOutside());
      expect(before.filter((line) => !after.has(line))).toEqual([]);
    });
  }
});

describe("what cannot work", () => {
  testWith(["root", "setpriv"], "says whose it is, who is asking, and what to do, which helps", () => {
    makeTrees();
    cacheWith(0o755, 0);
    const [root, other] = [user("root", [], "022"), member("other", 1001)];
    expectDone(root.store("key", "first"));
    const why = `: permission denied: ${cache.below("sessions")} belongs to user 0, group 0 and has mode 755; this is user 1001, groups 1001 5000`;
    const stored = other.store("other", "second");
    const cleaned = other.btdt("clean", "--max-size", "0");
    for (const { exitCode, stderr } of [stored, cleaned]) {
      expect(exitCode).toBe(1);
      expect(stderr).toContain(`cannot write to the cache ${cache.path}${why}`);
    }
    const [, hint = ""] = /its owner gives it to a group of theirs: ([^)]*)\)/.exec(stored.stderr) ?? [];
    must(["sh", "-c", hint.replace("GROUP", String(CI_GROUP))]);
    expectDone(other.store("other", "second"));
    expectDone(other.btdt("clean", "--max-size", "0"));
    expect(cache.keys()).toEqual([]);
  });

  testWith(["root", "setpriv"], "says so when the cache cannot even be opened", () => {
    makeTrees();
    cacheWith(0o700, 0);
    const { exitCode, stderr } = member("other", 1001).btdt("list");
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`${cache.path} belongs to user 0, group 0 and has mode 700; this is user 1001`);
  });
});

test("a cache only for its owner stays so, whatever the umask", () => {
  makeTrees();
  mkdirSync(cache.path);
  chmodSync(cache.path, 0o700);
  const through = ["sh", "-c", 'umask 0; exec "$@"', "sh"];
  for (const options of [[], ["--storage", "packs"]]) {
    const words = cache.storeWords(`key${options.length}`, "first", ...options);
    expect(btdt(words, { through }).exitCode).toBe(0);
  }
  expect(btdt(cache.restoreWords("key0", "to"), { through }).exitCode).toBe(0);
  for (const line of listAccess()) expect(line).toMatch(/^(700 \d+ d|600 \d+ f) /);
});

test("a cache that others may only read is not for them to write, whatever the umask", () => {
  makeTrees();
  mkdirSync(cache.path);
  chmodSync(cache.path, 0o755);
  const through = ["sh", "-c", 'umask 0; exec "$@"', "sh"];
  expect(btdt(cache.storeWords("key", "first"), { through }).exitCode).toBe(0);
  for (const line of listAccess()) expect(line).toMatch(/^(755 \d+ d|644 \d+ f) /);
});

describe("a cache directory that everyone may write to, sticky like /tmp", () => {
  testWith(["root", "setpriv"], "is one cache for all, in which nobody can replace a directory", () => {
    makeTrees();
    cacheWith(0o1777, 0);
    const [root, nobody] = [
      user("root", []),
      user("nobody", ["--reuid=65534", "--regid=65534", "--clear-groups"]),
    ];
    for (const [storing, other, key] of [
      [root, nobody, "one"],
      [nobody, root, "two"],
    ] as const) {
      expectDone(storing.store(key, "first"));
      expectDone(other.store(key, "second"));
      expectDone(other.store("packed", "second", "--storage", "packs"));
      expectDone(storing.btdt("restore", "-k", key, `to-${key}`));
      expect(compareTrees(join(other.home, "second"), join(storing.home, `to-${key}`))).toEqual([]);
      expectDone(storing.btdt("clean", "--max-size", "0"));
      expect([cache.keys(), cache.objects(), cache.sessions()]).toEqual([[], [], []]);
    }
    for (const name of [".", "manifests", "objects"]) {
      expect(lstatSync(cache.below(name)).mode & 0o7777).toBe(0o1777);
    }
    const as = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    expect(run([...as, "mv", cache.below("keys"), cache.below("mine")]).exitCode).not.toBe(0);
  });

  // The kernel may refuse that for another user's file in such a directory (`fs.protected_regular`).
  testWith(["strace"], "does not open the existing lock as if to create it", () => {
    makeTrees();
    cacheWith(0o1777, process.getgid?.() ?? 0);
    cache.store("key", "first");
    const trace = scratch.path("trace");
    const through = ["strace", "-f", "-qq", "-o", trace, "-e", "trace=open,openat"];
    expect(btdt(cache.storeWords("other", "second"), { through }).exitCode).toBe(0);
    const opened = must(["grep", 'btdt-v1/lock"', trace]).trim().split("\n");
    expect(opened.length).toBeGreaterThanOrEqual(1);
    expect(opened.filter((line) => line.includes("O_CREAT"))).toEqual([]);
  });
});
