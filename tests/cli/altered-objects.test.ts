import { describe, expect, test } from "bun:test";
import {
  appendFileSync,
  chmodSync,
  closeSync,
  cpSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { TestCache } from "../support/cache.ts";
import { compareTrees, differences, snapshotTree } from "../support/compare-trees.ts";
import { btdt, must, run } from "../support/executable.ts";
import { executableForAll } from "../support/executable-for-all.ts";
import { AS_NOBODY, testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { injecting } from "../support/trace.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
// These trees share everything, so that what happens to links happens to them.
const cache = new TestCache(scratch, "--link", "hard");
const LARGE = Buffer.alloc(5 * 1024 * 1024, "large");

/** A tree with a small and a large file, stored; `control` is what a restore must bring. */
function storeTree(): void {
  makeTree(
    scratch.path("tree"),
    dir({
      bin: dir({ tool: file("tool", { mode: 0o755, mtime: "@1000.123456789" }) }),
      "large.bin": file(LARGE, { mtime: "@2000.5" }),
      old: file("before 1970", { mtime: "@-86400.25" }),
      empty: file(""),
    }),
  );
  must(["cp", "-a", scratch.path("tree"), scratch.path("control")]);
  cache.store("key", "tree");
}

/** The cache's objects are only its own from now on. */
function removeTree(): void {
  rmSync(scratch.path("tree"), { recursive: true });
}

function objectPaths(): string[] {
  return cache.objects().map((name) => cache.below("objects", name));
}

/** What tools and systems do to files without changing their contents. */
const alterations: Readonly<Record<string, () => void>> = {
  "chmod -R": () => must(["chmod", "-R", "go-rx", cache.below("objects")]),
  touch: () => must(["touch", ...objectPaths()]),
  "an older time": () => must(["touch", "-d", "@1", ...objectPaths()]),
  "kubelet's fsGroup": () => setGroup(cache.path),
  "set-user-ID": () => must(["chmod", "u+s", ...objectPaths()]),
};

/** What kubelet does to a volume when a pod with `fsGroup` starts. */
function setGroup(volume: string): void {
  must([
    "sh",
    "-c",
    '{ test "$(id -u)" != 0 || chgrp -R 4242 "$1"; } &&' +
      ' find "$1" -type f -exec chmod ug+rw {} + && find "$1" -type d -exec chmod ug+rwx,g+s {} +',
    "sh",
    volume,
  ]);
}

describe.each(Object.entries(alterations))("after %s", (_, alter) => {
  test("objects that nothing else links to are mended where they are", () => {
    storeTree();
    removeTree();
    const inodes = objectPaths().map((path) => statSync(path).ino);
    alter();
    const restored = cache.restore("key", "to");
    expect(restored).toMatchObject({ exitCode: 0, stdout: "Restored key key\n" });
    expect(restored.stderr).toContain("3 linked, 1 copied (3 mended)");
    expect(compareTrees(scratch.path("control"), scratch.path("to"))).toEqual([]);
    expect(objectPaths().map((path) => statSync(path).ino)).toEqual(inodes);
    expect(cache.restore("key", "again").stderr).not.toContain("mended");
  });

  test("a tree that links to them keeps what it has, and the cache gets copies", () => {
    storeTree();
    alter();
    const altered = snapshotTree(scratch.path("tree"));
    expect(cache.restore("key", "to").stderr).toContain("3 linked, 1 copied (3 mended)");
    expect(compareTrees(scratch.path("control"), scratch.path("to"))).toEqual([]);
    expect(differences(altered, snapshotTree(scratch.path("tree")))).toEqual([]);
    expect(statSync(scratch.path("tree", "bin", "tool")).nlink).toBe(1);
    expect(cache.restore("key", "again").stderr).not.toContain("mended");
    expect(compareTrees(scratch.path("control"), scratch.path("again"))).toEqual([]);
  });

  test("an existing destination is brought in line", () => {
    storeTree();
    alter();
    expect(cache.restore("key", "tree").exitCode).toBe(0);
    expect(compareTrees(scratch.path("control"), scratch.path("tree"))).toEqual([]);
  });

  test("list, clean and verify take nothing for damage", () => {
    storeTree();
    alter();
    const listed: unknown = JSON.parse(btdt(["list", "-c", cache.path, "--json"]).stdout);
    expect(listed).toMatchObject({ entries: [{ key: "key" }] });
    expect(JSON.stringify(listed)).not.toContain("damage");
    expect(cache.clean().stdout).toStartWith("Kept 1 entry");
    expect(btdt(["verify", "-c", cache.path])).toMatchObject({ exitCode: 0 });
    expect(cache.restore("key", "to").exitCode).toBe(0);
    expect(compareTrees(scratch.path("control"), scratch.path("to"))).toEqual([]);
  });
});

test("a hit at every run, although each begins with new modes", () => {
  storeTree();
  for (let run = 1; run <= 3; run++) {
    setGroup(cache.path);
    expect(cache.clean().exitCode).toBe(0);
    const restored = cache.restore("key", `to-${run}`, "--json");
    expect(JSON.parse(restored.stdout)).toMatchObject({ outcome: "hit", mendedCount: 3 });
    expect(compareTrees(scratch.path("control"), scratch.path(`to-${run}`))).toEqual([]);
  }
});

test("a cache that was copied without times and modes", () => {
  storeTree();
  cpSync(cache.path, scratch.path("copied"), { recursive: true });
  must(["chmod", "-R", "u+rw,go=", scratch.path("copied")]);
  const words = ["restore", "-c", scratch.path("copied"), "-k", "key", scratch.path("to")];
  expect(btdt(words)).toMatchObject({ exitCode: 0 });
  expect(compareTrees(scratch.path("control"), scratch.path("to"))).toEqual([]);
});

test("enough files for threads", () => {
  const names = Array.from({ length: 40 }, (_, directory) => `d${directory}`);
  const files = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`f${index}`, index]));
  makeTree(
    scratch.path("tree"),
    dir(
      Object.fromEntries(
        names.map((name) => [
          name,
          dir(Object.fromEntries(Object.keys(files).map((each) => [each, file(`${name}/${each}`)]))),
        ]),
      ),
    ),
  );
  must(["cp", "-a", scratch.path("tree"), scratch.path("control")]);
  cache.store("key", "tree");
  for (const to of ["shared", "alone"]) {
    setGroup(cache.below("objects"));
    expect(cache.restore("key", to).stderr).toContain("2,000 linked (2,000 mended)");
    expect(compareTrees(scratch.path("control"), scratch.path(to))).toEqual([]);
    for (const each of ["tree", "shared"]) rmSync(scratch.path(each), { recursive: true, force: true });
  }
});

test.each(["chmod", "touch"])("other contents are an edit, with the time of %s as well", (how) => {
  storeTree();
  writeFileSync(scratch.path("tree", "bin", "tool"), "evil");
  if (how === "chmod") {
    utimesSync(scratch.path("tree", "bin", "tool"), 1000, 1000.123456789);
    must(["touch", "-d", "@1000.123456789", scratch.path("tree", "bin", "tool")]);
    chmodSync(scratch.path("tree", "bin", "tool"), 0o700);
  }
  removeTree();
  const missed = cache.restore("key", "to");
  expect(missed.exitCode).toBe(4);
  expect(missed.stderr).toContain("bin/tool was changed through a hard link");
  expect(cache.objects()).toHaveLength(2);
});

describe("other sources, before it is a miss:", () => {
  /** Two entries with the same contents and different times. */
  function storeTwice(): void {
    storeTree();
    cpSync(scratch.path("tree"), scratch.path("later"), { recursive: true });
    cache.store("later", "later");
    rmSync(scratch.path("later"), { recursive: true });
    expect(cache.objects()).toHaveLength(6);
  }

  /** The object of the key's `bin/tool`. */
  function toolObject(): string {
    const name = cache.objects().find((each) => each.endsWith("-755-1000.123456789"));
    return cache.below("objects", name ?? "none");
  }

  test("an object with another time, if one is missing", () => {
    storeTwice();
    rmSync(toolObject());
    expect(cache.restore("key", "to").stderr).toContain("(1 mended)");
    expect(compareTrees(scratch.path("control"), scratch.path("to"))).toEqual([]);
    expect(cache.restore("key", "again").stderr).not.toContain("mended");
  });

  test("an object with another time, if one was edited; the path is copied from then on", () => {
    storeTwice();
    appendFileSync(scratch.path("tree", "bin", "tool"), "!");
    for (const to of ["to", "again"]) {
      const restored = cache.restore("key", to);
      expect(restored.exitCode).toBe(0);
      expect(compareTrees(scratch.path("control"), scratch.path(to))).toEqual([]);
      expect(statSync(scratch.path(to, "bin", "tool")).nlink).toBe(1);
      expect(restored.stderr.includes("bin/tool was changed through a hard link")).toBe(to === "to");
    }
  });

  test("not one that was edited, too", () => {
    storeTwice();
    rmSync(toolObject());
    for (const object of objectPaths()) if (object.includes("-755-")) writeFileSync(object, "evil");
    expect(cache.restore("key", "to").exitCode).toBe(4);
  });

  test("a pack, which a clean keeps as long as the object is in doubt", () => {
    makeTree(scratch.path("tree"), dir({ bin: dir({ tool: file("tool") }), other: file("other") }));
    must(["cp", "-a", scratch.path("tree"), scratch.path("control")]);
    cache.store("packed", "tree", "--storage", "packs");
    cache.store("key", "tree", "--storage", "objects");
    btdt(["delete", "-c", cache.path, "-k", "packed"]);
    must(["touch", ...objectPaths()]);
    expect(cache.clean().exitCode).toBe(0);
    expect(readdirSync(cache.below("packs"))).toHaveLength(1);
    expect(cache.restore("key", "tree").stderr).toContain("2 linked (2 mended)");
    expect(cache.clean("--dry-run").stdout).toContain("1 pack");
    must(["touch", ...objectPaths()]);
    writeFileSync(scratch.path("tree", "bin", "tool"), "evil");
    expect(cache.restore("key", "to").exitCode).toBe(0);
    expect(compareTrees(scratch.path("control"), scratch.path("to"))).toEqual([]);
  });
});

test("an object that somebody may still write to is not mended where it is", () => {
  storeTree();
  const writer = openSync(scratch.path("tree", "bin", "tool"), "r+");
  try {
    removeTree();
    must(["touch", ...objectPaths()]);
    expect(cache.restore("key", "to").stderr).toContain("(3 mended)");
    writeSync(writer, "evil");
    expect(compareTrees(scratch.path("control"), scratch.path("to"))).toEqual([]);
    expect(cache.restore("key", "again").exitCode).toBe(0);
    expect(compareTrees(scratch.path("control"), scratch.path("again"))).toEqual([]);
  } finally {
    closeSync(writer);
  }
});

testWith(
  ["root"],
  "a cache that this user cannot write to: files are copied, with the right attributes",
  () => {
    const { executable, workplace } = executableForAll(scratch);
    storeTree();
    const before = objectPaths().map((path) => statSync(path).ctimeMs);
    must(["chmod", "g+w,a+r", ...objectPaths()]);
    const altered = objectPaths().map((path) => statSync(path).ctimeMs);
    expect(altered).not.toEqual(before);
    const words = ["restore", "-c", cache.path, "-k", "key", `${workplace}/to`];
    const restored = run([...AS_NOBODY, executable, ...words]);
    expect(restored).toMatchObject({ exitCode: 0 });
    expect(restored.stderr).toContain("4 copied (");
    expect(compareTrees(scratch.path("control"), `${workplace}/to`)).toEqual([]);
    expect(objectPaths().map((path) => statSync(path).ctimeMs)).toEqual(altered);
  },
);

describe("when a system call fails, it is still a hit:", () => {
  const failures: readonly (readonly [string, string, "alone" | "shared"])[] = [
    ["fchmod", "error=EPERM", "alone"],
    ["utimensat", "error=EPERM", "alone"],
    ["fcntl", "error=EAGAIN", "alone"],
    ["linkat", "error=EPERM", "alone"],
    ["linkat", "error=EPERM", "shared"],
  ];
  for (const [calls, what, sharing] of failures) {
    testWith(["linux", "strace"], `${calls} with ${what}, ${sharing}`, () => {
      storeTree();
      if (sharing === "alone") removeTree();
      must(["touch", ...objectPaths()]);
      const [path] = objectPaths();
      if (path === undefined) throw new Error("there is no object");
      const trace = scratch.path("trace");
      const through = injecting({ calls, what, path }, trace);
      for (const to of ["to", "again"]) {
        const restored = btdt(cache.restoreWords("key", to), to === "to" ? { through } : {});
        expect(restored.exitCode).toBe(0);
        expect(compareTrees(scratch.path("control"), scratch.path(to))).toEqual([]);
        expect(readFileSync(trace, "utf8")).toContain("INJECTED");
      }
    });
  }
});

testWith(["linux", "strace"], "a copy that cannot get its name: the file is copied", () => {
  makeTree(scratch.path("tree"), file("content", { mtime: "@1000" }));
  must(["cp", "-a", scratch.path("tree"), scratch.path("control")]);
  cache.store("key", "tree");
  must(["touch", scratch.path("tree")]);
  const trace = scratch.path("trace");
  const calls = "rename,?renameat,?renameat2";
  const restored = [1, 2, 3].map((when) => {
    const through = injecting({ calls, what: `error=EACCES:when=${when}` }, trace);
    const { exitCode, stderr } = btdt(cache.restoreWords("key", `to-${when}`), { through });
    const hasFailed = /objects\/.*INJECTED/.test(readFileSync(trace, "utf8"));
    return { when, exitCode, stderr, hasFailed };
  });
  const failed = restored.find(({ hasFailed }) => hasFailed);
  expect(failed).toMatchObject({ exitCode: 0 });
  expect(failed?.stderr).toContain("1 copied (1 mended)");
  expect(compareTrees(scratch.path("control"), scratch.path(`to-${failed?.when}`))).toEqual([]);
});

testWith(["linux", "strace"], "killed at each call that mends", () => {
  storeTree();
  for (const calls of ["fchmod", "utimensat", "openat", "rename,?renameat,?renameat2"]) {
    for (let when = 1; when <= 4; when++) {
      must(["touch", ...objectPaths()]);
      btdt(cache.restoreWords("key", "killed"), {
        through: injecting({ calls, what: `signal=KILL:when=${when}` }),
      });
      must(["rm", "-rf", scratch.path("killed")]);
      expect(cache.restore("key", "to").exitCode).toBe(0);
      expect(compareTrees(scratch.path("control"), scratch.path("to"))).toEqual([]);
      rmSync(scratch.path("to"), { recursive: true });
    }
  }
});

test("what is in place of an object is not followed", () => {
  storeTree();
  removeTree();
  const [object] = objectPaths();
  if (object === undefined) throw new Error("there is no object");
  writeFileSync(scratch.path("outside"), readFileSync(object), { mode: 0o600 });
  const before = lstatSync(scratch.path("outside")).mtimeMs;
  renameSync(object, scratch.path("aside"));
  must(["ln", "-s", scratch.path("outside"), object]);
  expect(cache.restore("key", "to").exitCode).toBe(4);
  expect(lstatSync(scratch.path("outside"))).toMatchObject({ mtimeMs: before, mode: 0o100600 });
});
