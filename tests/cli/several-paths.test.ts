import { expect, test } from "bun:test";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { TestCache } from "../support/cache.ts";
import { compareTrees, differences, snapshotTree } from "../support/compare-trees.ts";
import { must } from "../support/executable.ts";
import { mountTmpfs } from "../support/mounts.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { injecting } from "../support/trace.ts";
import { dir, file, makeTree, symlink, type TreeNode } from "../support/tree.ts";
import { Work } from "../support/work.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);
const work = new Work(scratch, cache);

const mtime = "@1700000000.000000007";

/** Two directories, one of them in another one, and a file. */
function project(): Record<string, TreeNode> {
  return {
    node_modules: dir(
      { a: dir({ "index.js": file("a", { mtime }) }), bin: symlink("a/index.js"), empty: file("") },
      { mode: 0o750, mtime },
    ),
    ".next": dir({ cache: dir({ data: file("data", { mode: 0o600 }), deep: dir({ x: file("x") }) }) }),
    "state.json": file("{}", { mtime }),
    other: file("not stored"),
  };
}

const PATHS = ["node_modules", ".next/cache", "state.json"];

function expectRestored(from: string, to: string, paths: readonly string[] = PATHS, places = paths): void {
  for (const [index, path] of paths.entries()) {
    expect(compareTrees(scratch.path(from, path), scratch.path(to, places[index] ?? ""))).toEqual([]);
  }
}

function noLeftovers(directory: string): void {
  const names = readdirSync(scratch.path(directory), { recursive: true }).map(String);
  expect(names.filter((name) => name.includes(".btdt"))).toEqual([]);
  expect(cache.sessions()).toEqual([]);
}

test("what was stored together is restored to where it was, relative to the working directory", () => {
  work.make("from", project());
  const stored = work.store("from", "k", ...PATHS);
  expect(stored.stdout).toBe("");
  expect(stored.stderr).toMatch(
    /^btdt: stored 3 paths, 5 files, 8 B as k: 1 linked, 3 copied in \d+\.\d s\n$/,
  );
  work.make("to");
  const restored = work.restore("to", "k");
  expect(restored).toMatchObject({ exitCode: 0, stdout: "Restored key k\n" });
  expect(restored.stderr).toMatch(
    /^btdt: restored 3 paths, 5 files, 8 B: 1 linked, \d copied in \d+\.\d s\n$/,
  );
  expectRestored("from", "to");
  expect(readdirSync(scratch.path("to")).toSorted()).toEqual([".next", "node_modules", "state.json"]);
  expect(statSync(scratch.path("to", "node_modules/a/index.js")).ino).toBe(
    statSync(scratch.path("from", "node_modules/a/index.js")).ino,
  );
  noLeftovers("to");
});

test("a restore without destinations works for a single path, too, and into existing directories", () => {
  work.make("from", project());
  work.store("from", "k", "./node_modules//");
  expect(work.trees("k").map(({ path }) => path)).toEqual(["node_modules"]);
  work.make("to", { node_modules: dir({ mine: file("mine"), a: dir({ "index.js": file("old") }) }) });
  expect(work.restore("to", "k")).toMatchObject({ exitCode: 0, stdout: "Restored key k\n" });
  expect(readFileSync(scratch.path("to/node_modules/a/index.js"), "utf8")).toBe("a");
  expect(existsSync(scratch.path("to/node_modules/mine"))).toBe(true);
  expect(work.restore("to", "k", "--exact").exitCode).toBe(0);
  expectRestored("from", "to", ["node_modules"]);
});

test("the working directory itself", () => {
  work.make("from", project());
  work.store("from", "k", ".");
  expect(work.trees("k").map(({ path }) => path)).toEqual(["."]);
  work.make("to", { mine: file("mine") });
  expect(work.restore("to", "k").exitCode).toBe(0);
  expectRestored("from", "to", [...PATHS, "other"]);
  expect(existsSync(scratch.path("to/mine"))).toBe(true);
});

test("destinations get the trees in their order", () => {
  work.make("from", project());
  work.store("from", "k", ...PATHS);
  work.make("to", { here: dir() });
  const places = ["one", "here/two", "../three"];
  expect(work.restore("to", "k", ...places)).toMatchObject({ exitCode: 0, stdout: "Restored key k\n" });
  expectRestored("from", "to", PATHS, places);
  expect(readdirSync(scratch.path("to")).toSorted()).toEqual(["here", "one"]);
});

test("a different number of destinations is a usage error that names the paths", () => {
  work.make("from", project());
  work.store("from", "k", ...PATHS);
  work.store("from", "single", "node_modules");
  work.make("to");
  for (const [key, places, message] of [
    [
      "k",
      ["one"],
      "has 3 paths (node_modules, .next/cache, state.json), but 1 was given (give 3 destinations",
    ],
    [
      "k",
      ["1", "2", "3", "4"],
      "but 4 were given (give 3 destinations, or none to restore all of them to where they were stored from)",
    ],
    ["single", ["1", "2"], "has 1 path (node_modules), but 2 were given (give 1 destination"],
  ] as const) {
    const result = scratch.path("result");
    writeFileSync(result, "old");
    const { exitCode, stdout, stderr } = work.restore("to", key, "--result-file", result, ...places);
    expect({ places, exitCode, stdout }).toEqual({ places, exitCode: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(readFileSync(result, "utf8")).toBe("");
  }
  expect(readdirSync(scratch.path("to"))).toEqual([]);
});

test("a key found by its prefix is skipped if it has a different number of paths", () => {
  work.make("from", project());
  work.store("from", "web-1", "node_modules", "state.json");
  work.store("from", "web-2", "node_modules");
  work.make("to");
  const fallback = work.restore("to", "new", "--fallback-prefix", "web-", "one", "two");
  expect(fallback).toMatchObject({ exitCode: 3, stdout: "Restored key web-1\n" });
  expect(fallback.stderr).toContain(
    "warning: the entry of key web-2 has 1 path (node_modules), but 2 were given",
  );
  expect(work.restore("to", "new", "--fallback-prefix", "web-", "1", "2", "3").exitCode).toBe(4);
  expect(work.restore("to", "new,web-2", "1", "2").exitCode).toBe(2);
});

test("overlapping destinations are usage errors, even if there is no such key", () => {
  work.make("from", project());
  work.store("from", "k", "node_modules", ".next");
  work.make("to", { a: dir(), link: symlink("a") });
  for (const [places, message] of [
    [["x", "x/"], "x/ is given twice"],
    [["x", "./x/y"], "./x/y lies inside x"],
    [["a", "link"], "link is given twice"],
    [["link/b", "a"], "link/b lies inside a"],
    [["/", "a"], "a lies inside /"],
    [["", "a"], "DESTINATION is empty"],
  ] as const) {
    for (const key of ["k", "none"]) {
      const { exitCode, stdout, stderr } = work.restore("to", key, ...places);
      expect({ places, exitCode, stdout }).toEqual({ places, exitCode: 2, stdout: "" });
      expect(stderr).toContain(message);
    }
  }
  expect(readdirSync(scratch.path("to")).toSorted()).toEqual(["a", "link"]);
});

test("overlapping paths cannot be stored, and nothing is stored", () => {
  work.make("from", {
    a: dir({ b: dir({ c: file("c") }) }),
    ab: file("another"),
    link: symlink("a"),
    elsewhere: dir(),
  });
  symlinkSync("../elsewhere", scratch.path("from/a/out"));
  for (const [paths, message] of [
    [["a", "a"], "a is given twice"],
    [["a", "./a/"], "./a/ is given twice"],
    [["a", scratch.path("from", "a")], "is given twice"],
    [["a", "link"], "link is given twice"],
    [["ab", "a/b", "a"], "a/b lies inside a"],
    [["link/b/c", "a/b"], "link/b/c lies inside a/b"],
    [[".", "a"], "a lies inside ."],
    [["a", "a/out"], "a/out lies inside a"],
  ] as const) {
    const { exitCode, stdout, stderr } = work.run("from", "store", "-k", "k", ...paths);
    expect({ paths, exitCode, stdout }).toEqual({ paths, exitCode: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  }
  expect(existsSync(cache.below())).toBe(false);
});

test("if one path cannot be stored, none is", () => {
  const from = work.make("from", project());
  must(["mkfifo", `${from}/pipe`]);
  for (const [path, message] of [
    ["missing", "cannot store missing: no such file or directory"],
    ["pipe", "pipe is neither a directory nor a file"],
  ] as const) {
    const { exitCode, stderr } = work.run("from", "store", "-k", "k", "node_modules", path);
    expect({ path, exitCode }).toEqual({ path, exitCode: 1 });
    expect(stderr).toContain(message);
  }
  expect(existsSync(cache.below())).toBe(false);
  work.store("from", "k", "node_modules");
  const inside = work.run("from", "store", "-k", "k2", "node_modules", cache.below("objects"));
  expect(inside.exitCode).toBe(1);
  expect(inside.stderr).toContain("is part of the cache itself");
  expect(cache.keys()).toEqual(["k"]);
});

test("paths outside the working directory are stored, but need explicit destinations", () => {
  work.make("from", project());
  work.make("beside", { tree: dir({ x: file("x") }) });
  work.store("from", "outside", "../beside/tree");
  work.store("from", "absolute", scratch.path("from", "node_modules"));
  work.store("from", "mixed", "state.json", "../beside/tree");
  symlinkSync("../beside/tree", scratch.path("from", "link"));
  work.store("from", "winding", "link/../tree/x");
  expect(
    ["outside", "absolute", "mixed", "winding"].map((key) => work.trees(key).map(({ path }) => path)),
  ).toEqual([[undefined], [undefined], ["state.json", undefined], [undefined]]);
  work.make("to");
  for (const key of ["outside", "absolute", "mixed", "winding"]) {
    const { exitCode, stdout, stderr } = work.restore("to", key);
    expect({ key, exitCode, stdout }).toEqual({ key, exitCode: 2, stdout: "" });
    expect(stderr).toContain(`the entry of key ${key} has no recorded destination`);
    expect(stderr).toContain(key === "mixed" ? "2 paths (state.json, not recorded)" : "give 1 destination");
  }
  expect(readdirSync(scratch.path("to"))).toEqual([]);
  expect(work.restore("to", "mixed", "state", "tree").exitCode).toBe(0);
  expect(readFileSync(scratch.path("to/tree/x"), "utf8")).toBe("x");
  const passedOver = work.restore("to", "none", "--fallback-prefix", "mixed");
  expect(passedOver.exitCode).toBe(4);
  expect(passedOver.stderr).toContain("warning: the entry of key mixed has no recorded destination");
});

test("a path that is a symlink is recorded under its own name", () => {
  work.make("from", { real: dir({ x: file("x") }), link: symlink("real") });
  work.store("from", "k", "link");
  work.make("to");
  expect(work.restore("to", "k").exitCode).toBe(0);
  expectRestored("from", "to", ["real"], ["link"]);
});

test("the same place is updated file by file, each tree by itself", () => {
  work.make("from", project());
  work.store("from", "k", "--link", "hard", ...PATHS);
  writeFileSync(scratch.path("from/.next/cache/data"), "edited");
  writeFileSync(scratch.path("from/node_modules/mine"), "mine");
  // A new inode, so that the cache's object is not what is edited.
  rmSync(scratch.path("from/state.json"));
  writeFileSync(scratch.path("from/state.json"), "changed");
  const damaged = work.restore("from", "k");
  // The file that was edited in place is the cache's own: none of the three is touched.
  expect(damaged.exitCode).toBe(4);
  expect(damaged.stderr).toContain(".next/cache/data was changed through a hard link");
  expect(readFileSync(scratch.path("from/state.json"), "utf8")).toBe("changed");
  expect(readFileSync(scratch.path("from/node_modules/mine"), "utf8")).toBe("mine");
  writeFileSync(scratch.path("from/.next/cache/data"), "data");
  work.store("from", "k", ...PATHS);
  const exact = work.make("exact", {
    node_modules: dir({ extra: file("x") }),
    ".next": dir({ keep: file("x") }),
  });
  expect(work.restore("exact", "k", "--exact").exitCode).toBe(0);
  expectRestored("from", "exact");
  expect(readdirSync(`${exact}/.next`).toSorted()).toEqual(["cache", "keep"]);
});

test("edits in place of several trees cost a single miss", () => {
  work.make("from", { a: dir({ x: file("1") }), b: dir({ y: file("2") }), c: file("3") });
  work.store("from", "k", "--link", "hard", "a", "b", "c");
  for (const path of ["a/x", "b/y", "c"]) appendFileSync(scratch.path("from", path), "!");
  work.make("to");
  expect(work.restore("to", "k").exitCode).toBe(4);
  work.store("from", "k", "--link", "hard", "a", "b", "c");
  for (let again = 0; again < 2; again++) {
    work.make(`to${again}`);
    expect(work.restore(`to${again}`, "k", "--link", "hard").stderr).toContain("3 copied");
    for (const path of ["a/x", "b/y", "c"]) appendFileSync(scratch.path(`to${again}`, path), "!");
  }
});

test("any damaged tree makes the whole key a miss, and the next key is tried", () => {
  work.make("from", project());
  for (const index of PATHS.keys()) {
    work.store("from", "good", ...PATHS);
    writeFileSync(scratch.path("from", "node_modules", `new${index}`), `${index}`);
    writeFileSync(scratch.path("from", ".next/cache", `new${index}`), `more ${index}`);
    rmSync(scratch.path("from/state.json"));
    writeFileSync(scratch.path("from/state.json"), `own ${index}`);
    work.store("from", "bad", ...PATHS);
    const { manifest } = work.trees("bad")[index] ?? { manifest: "" };
    writeFileSync(cache.below("manifests", manifest.slice(0, 2), manifest), "damaged");
    const to = work.make(`to${index}`);
    const missed = work.restore(`to${index}`, "bad");
    expect(missed).toMatchObject({ exitCode: 4, stdout: "" });
    expect(missed.stderr).toContain("warning: the entry of key bad cannot be used and counts as a miss");
    expect(readdirSync(to)).toEqual([]);
    expect(work.restore(`to${index}`, "bad,good")).toMatchObject({
      exitCode: 3,
      stdout: "Restored key good\n",
    });
  }
});

test("a missing object of the last tree leaves the first ones where they were", () => {
  work.make("from", project());
  work.store("from", "k", ...PATHS);
  const digest = new Bun.SHA256().update("{}").digest("hex");
  const object = cache.objects().find((name) => name.includes(digest)) ?? "";
  rmSync(cache.below("objects", object));
  const to = work.make("to", { node_modules: dir({ mine: file("mine") }, { mode: 0o555, mtime }) });
  const before = snapshotTree(to, { withMtime: false });
  const ready = snapshotTree(scratch.path("to", "node_modules"));
  const missed = work.restore("to", "k");
  expect(missed.exitCode).toBe(4);
  expect(missed.stderr).toContain("the content of state.json is missing");
  expect(differences(before, snapshotTree(to, { withMtime: false }))).toEqual([]);
  // Its tree had been built within it by then.
  expect(differences(ready, snapshotTree(scratch.path("to", "node_modules")))).toEqual([]);
  noLeftovers("to");
});

test("an invalid destination leaves the others as they were", () => {
  work.make("from", project());
  work.store("from", "k", ...PATHS);
  const to = work.make("to", { "state.json": dir({ mine: file("x") }), ".next": dir({ cache: dir() }) });
  const before = snapshotTree(to, { withMtime: false });
  const { exitCode, stderr } = work.restore("to", "k");
  expect(exitCode).toBe(1);
  expect(stderr).toContain("state.json is a directory, but the entry is a file");
  expect(differences(before, snapshotTree(to, { withMtime: false }))).toEqual([]);
  noLeftovers("to");
});

test("--exclude, .btdtignore and --ignore-mtime count for each path", () => {
  const tree = (content: string) =>
    dir({
      ".btdtignore": file("*.log\n"),
      "a.log": file("x"),
      "b.tmp": file("x"),
      kept: file(content, { mtime }),
    });
  work.make("from", { one: tree("same"), two: tree("same") });
  must(["touch", "-d", "@5", scratch.path("from/two/kept")]);
  const stored = work.store(
    "from",
    "k",
    "--exclude",
    "*.tmp",
    "--exclude",
    "/.btdtignore",
    "--ignore-mtime",
    "one",
    "two",
  );
  expect(stored.stderr).toContain("stored 2 paths, 2 files, 8 B as k: 1 copied, 1 reused");
  work.make("to");
  work.restore("to", "k");
  for (const name of ["one", "two"]) expect(readdirSync(scratch.path("to", name))).toEqual(["kept"]);
  expect(cache.objects()).toHaveLength(1);
});

test("an unchanged path shares its manifest with other entries, and keys with the same trees are one entry", () => {
  work.make("from", project());
  work.store("from", "first", "node_modules", "state.json");
  appendFileSync(scratch.path("from/other"), "more");
  work.store("from", "second", "node_modules", "other");
  expect(work.trees("first")[0]).toEqual(
    work.trees("second")[0] ?? { manifest: "", fileCount: 0, contentBytes: 0 },
  );
  expect(cache.manifests()).toHaveLength(3);
  renameSync(scratch.path("from/other"), scratch.path("from/renamed"));
  work.store("from", "alias", "renamed", "node_modules");
  const stats = JSON.parse(work.run("from", "stats", "--json").stdout);
  expect(stats).toMatchObject({ keyCount: 3, entryCount: 2 });
});

testWith(
  ["mount"],
  "from another file system all trees go to one pack, from both to objects and a pack",
  () => {
    const mounted = mountTmpfs(scratch, "mounted");
    makeTree(`${mounted}/from`, dir(project()));
    const stored = work.run("mounted/from", "store", "-k", "k", ...PATHS);
    expect(stored).toMatchObject({ exitCode: 0 });
    expect(stored.stderr).toContain("stored 3 paths, 5 files, 8 B as k: 4 packed");
    expect(readdirSync(cache.below("packs"))).toHaveLength(1);
    expect(cache.objects()).toEqual([]);
    work.make("to");
    expect(work.restore("to", "k").stderr).toContain("4 unpacked");
    expectRestored("mounted/from", "to");
    mkdirSync(`${mounted}/to`);
    expect(work.restore("mounted/to", "k").exitCode).toBe(0);
    expectRestored("mounted/from", "mounted/to");

    work.make("from", { own: dir({ file: file("of the cache's file system") }) });
    const both = work.run("from", "store", "-k", "both", "own", "../mounted/from/state.json");
    expect(both.stderr).toContain("stored 2 paths, 2 files, 28 B as both: 1 copied, 1 reused");
    expect(work.restore("to", "both", "own", "state").exitCode).toBe(0);
    expect(readFileSync(scratch.path("to/state"), "utf8")).toBe("{}");
  },
);

test("--storage packs: contents that trees have in common are packed once", () => {
  const content = crypto.getRandomValues(new Uint8Array(300_000));
  work.make("from", { a: dir({ x: file(content) }), b: dir({ y: file(content), z: file("z") }) });
  const stored = JSON.parse(
    work.run("from", "store", "-k", "k", "--storage", "packs", "--json", "a", "b").stdout,
  );
  expect(stored.newBytes).toBeLessThan(310_000);
  expect(stored.fileCounts.packed).toBe(3);
  work.make("to");
  expect(work.restore("to", "k").exitCode).toBe(0);
  expectRestored("from", "to", ["a", "b"]);
  const [pack = ""] = readdirSync(cache.below("packs"));
  appendFileSync(cache.below("packs", pack, "pack"), "damaged");
  rmSync(cache.below("objects"), { recursive: true });
  work.make("again");
  expect(work.restore("again", "k").exitCode).toBe(4);
  expect(readdirSync(scratch.path("again"))).toEqual([]);
});

testWith(
  ["strace"],
  "killed between two paths: those that are there are whole, and the next restore does the rest",
  () => {
    work.make("from", project());
    work.store("from", "k", ...PATHS);
    const before = PATHS.map((path) => snapshotTree(scratch.path("from", path)));
    let partly = 0;
    for (let when = 1; when <= 12; when++) {
      const to = work.make(`to${when}`);
      const words = ["restore", "-c", cache.path, "-k", "k"];
      const through = injecting({ calls: "rename,renameat,renameat2", what: `signal=KILL:when=${when}` });
      const shell = ["sh", "-c", 'cd "$0" && exec "$@"', to];
      Bun.spawnSync([...shell, ...through, `${import.meta.dir}/../../dist/btdt`, ...words]);
      const there = PATHS.filter((path) => existsSync(`${to}/${path}`));
      if (there.length > 0 && there.length < PATHS.length) partly += 1;
      for (const path of there) {
        const snapshot = before[PATHS.indexOf(path)] ?? new Map();
        expect(differences(snapshot, snapshotTree(`${to}/${path}`))).toEqual([]);
      }
      expect(work.restore(`to${when}`, "k").exitCode).toBe(0);
      expectRestored("from", `to${when}`);
      // One that was being made stays for a while, because nobody knows that it is not being made still.
      expect(readdirSync(to).filter((name) => /^\.btdt.*(?<!\.new)$/.test(name))).toEqual([]);
    }
    expect(partly).toBeGreaterThan(0);
  },
);

test("trees that threads work on", () => {
  const many = (letter: string) =>
    dir(
      Object.fromEntries(
        Array.from({ length: 60 }, (_, index): [string, TreeNode] => {
          const files = Array.from({ length: 40 }, (_, number): [string, TreeNode] => [
            `f${number}`,
            file(`${letter} ${index} ${number}`),
          ]);
          return [`d${index}`, dir(Object.fromEntries(files))];
        }),
      ),
    );
  work.make("from", { a: many("a"), b: many("b") });
  work.store("from", "objects", "a", "b");
  work.make("to");
  expect(work.restore("to", "objects").stderr).toContain("restored 2 paths, 4,800 files");
  expectRestored("from", "to", ["a", "b"]);
  work.make("packed");
  expect(work.run("from", "store", "-k", "packs", "--storage", "packs", "a", "b").stderr).toContain(
    "4,800 reused",
  );
  expect(work.restore("packed", "packs").exitCode).toBe(0);
  expectRestored("from", "packed", ["a", "b"]);
});

test("a path that may not be what was meant, because arguments that are not UTF-8 arrive mangled, is not recorded", () => {
  work.make("from", { "\xef\xbf\xbd": dir({ x: file("x") }) });
  work.store("from", "k", "\uFFFD");
  expect(work.trees("k").map(({ path }) => path)).toEqual([undefined]);
  work.make("to");
  expect(work.restore("to", "k").exitCode).toBe(2);
  expect(work.restore("to", "k", "x").exitCode).toBe(0);
});

testWith(["mount"], "a disk that the second path fills leaves nothing of the first", () => {
  const small = mountTmpfs(scratch, "small", "4m");
  work.make("from", {
    a: dir({ x: file("x".repeat(1_000_000)) }),
    b: dir({ y: file("y".repeat(8_000_000)) }),
  });
  work.store("from", "k", "a", "b");
  const { exitCode, stdout, stderr } = work.restore("small", "k");
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  expect(stderr).toContain("cannot restore to ");
  expect(readdirSync(small)).toEqual([]);
});
