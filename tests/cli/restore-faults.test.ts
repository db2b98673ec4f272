import { expect, test } from "bun:test";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { btdt, must } from "../support/executable.ts";
import { mountTmpfs } from "../support/mounts.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { injecting, stoppedAt } from "../support/trace.ts";
import { dir, file, makeTree, symlink, type TreeNode } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch, "--link", "hard");

function storeTree(node: TreeNode): void {
  makeTree(scratch.path("tree"), node);
  cache.store("key", "tree");
}

/** The only object. */
function objectPath(): string {
  const [name, ...others] = cache.objects();
  if (name === undefined || others.length > 0) throw new Error("there is not just one object");
  return cache.below("objects", name);
}

/** As a power cut leaves it: the time is what it was. */
function shorten(path: string, sizeBytes: number): void {
  const { mtime } = statSync(path);
  truncateSync(path, sizeBytes);
  utimesSync(path, mtime, mtime);
}

for (const sizeBytes of [0, 3]) {
  test(`an object truncated to ${sizeBytes} bytes by a power cut is not an edit, and its path is linked again`, () => {
    storeTree(dir({ f: file("content", { mtime: "@1700000000" }) }));
    rmSync(scratch.path("tree"), { recursive: true });
    shorten(objectPath(), sizeBytes);
    const missed = cache.restore("key", "to");
    expect(missed.exitCode).toBe(4);
    expect(missed.stderr).toContain("f lost data in a power cut");
    expect(readdirSync(cache.below("edited-paths"))).toEqual([]);
    expect(cache.objects()).toEqual([]);
    storeTree(dir({ f: file("content", { mtime: "@1700000000" }) }));
    expect(cache.restore("key", "to").stderr).toContain("1 linked");
  });
}

test("where every object lost data in a power cut, packs are used", () => {
  const tree = dir({
    f: file("content", { mtime: "@1700000000" }),
    g: file("also", { mtime: "@1700000000" }),
  });
  storeTree(tree);
  rmSync(scratch.path("tree"), { recursive: true });
  for (const name of cache.objects()) shorten(cache.below("objects", name), 0);
  makeTree(scratch.path("tree"), tree);
  cache.store("packed", "tree", "--storage", "packs");
  expect(cache.restore("packed", "to")).toMatchObject({ exitCode: 0 });
  expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
});

/** Makes `f` a path that is known to be edited in place, by way of another entry. */
function editElsewhere(): void {
  makeTree(scratch.path("other"), dir({ f: file("another") }));
  cache.store("other", "other");
  appendFileSync(scratch.path("other", "f"), "edited");
  expect(cache.restore("other", "elsewhere").exitCode).toBe(4);
  rmSync(scratch.path("other"), { recursive: true });
}

test("a path that is known to be edited does not stay linked where it was restored earlier", () => {
  storeTree(dir({ f: file("content"), g: file("content of g") }));
  rmSync(scratch.path("tree"), { recursive: true });
  cache.restore("key", "to");
  expect(lstatSync(scratch.path("to", "f")).nlink).toBe(2);
  editElsewhere();
  const again = cache.restore("key", "to");
  expect(again).toMatchObject({ exitCode: 0 });
  expect(again.stderr).toContain("1 copied, 1 unchanged");
  expect(lstatSync(scratch.path("to", "f")).nlink).toBe(1);
  // So the next edit costs no miss.
  appendFileSync(scratch.path("to", "f"), "edited");
  expect(cache.restore("key", "to").exitCode).toBe(0);
  expect(readFileSync(scratch.path("to", "f"), "utf8")).toBe("content");
});

test("--link copy leaves no file of an existing destination linked to the cache", () => {
  storeTree(dir({ f: file("content") }));
  rmSync(scratch.path("tree"), { recursive: true });
  cache.restore("key", "to");
  expect(cache.restore("key", "to", "--link", "copy").stderr).toContain("1 copied");
  expect(lstatSync(scratch.path("to", "f")).nlink).toBe(1);
  expect(cache.restore("key", "to", "--link", "copy").stderr).toContain("1 unchanged");
});

testWith(
  ["strace"],
  "an object that a store mends while a restore drops it stays, at whatever moment",
  async () => {
    storeTree(dir({ f: file("content", { mtime: "@1700000000" }) }));
    const object = objectPath();
    copyFileSync(object, scratch.path("good"));
    rmSync(scratch.path("tree"), { recursive: true });
    const mend = (): void => {
      copyFileSync(scratch.path("good"), scratch.path("fresh"));
      utimesSync(scratch.path("fresh"), 1_700_000_000, 1_700_000_000);
      renameSync(scratch.path("fresh"), object);
    };
    let moments = 0;
    for (const calls of ["statx", "?rename,?renameat,?renameat2,?unlink,?unlinkat"]) {
      for (let when = 1; ; when++) {
        writeFileSync(object, "edited ");
        const trace = scratch.fresh("trace");
        const words = cache.restoreWords("key", "to");
        const stopping = stoppedAt({ calls, path: object, when }, words, trace, mend);
        const ended = await stopping.catch((error: unknown) => error);
        if (ended instanceof Error) break;
        moments += 1;
        expect({ calls, when, isThere: existsSync(object) }).toEqual({ calls, when, isThere: true });
        expect(readFileSync(object, "utf8")).toBe("content");
        rmSync(scratch.path("to"), { recursive: true, force: true });
        for (const name of readdirSync(cache.below("edited-paths")))
          rmSync(cache.below("edited-paths", name));
      }
    }
    expect(moments).toBeGreaterThanOrEqual(4);
  },
);

testWith(["mount"], "--exact never deletes the cache, though it is mounted within the destination", () => {
  storeTree(dir({ f: file("content"), sub: dir({ g: file("g") }) }));
  const before = cache.objects();
  for (const place of ["extra", "sub/deep"]) {
    rmSync(scratch.path("to"), { recursive: true, force: true });
    const mount = scratch.directory("to", place, "cache");
    must(["mount", "--bind", cache.path, mount]);
    scratch.noteMount(mount);
    const { exitCode, stderr } = cache.restore("key", "to", "--exact");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("--exact would delete the cache");
    expect(existsSync(scratch.path("to", "f"))).toBe(false);
    expect(cache.objects()).toEqual(before);
    expect(cache.restore("key", "to").exitCode).toBe(0);
    must(["umount", mount]);
  }
});

testWith(["mount"], "nothing is restored into the cache through another mount of it", () => {
  storeTree(dir({ f: file("content") }));
  const mount = scratch.directory("mount");
  must(["mount", "--bind", cache.path, mount]);
  scratch.noteMount(mount);
  for (const path of ["mount/btdt-v1", "mount/btdt-v1/objects/new"]) {
    expect(cache.restore("key", path)).toMatchObject({ exitCode: 1 });
  }
  expect(readdirSync(cache.below("objects"))).not.toContain("new");
  expect(cache.restore("key", "mount/beside").exitCode).toBe(0);
});

testWith(["mount"], "--exact keeps the lost+found of a volume, and deletes any other", () => {
  storeTree(dir({ f: file("content"), sub: dir({ g: file("g") }) }));
  const volume = mountTmpfs(scratch, "volume");
  scratch.directory("volume", "lost+found", "#123");
  scratch.directory("volume", "sub", "lost+found");
  expect(cache.restore("key", "volume", "--exact").exitCode).toBe(0);
  expect(readdirSync(volume).toSorted()).toEqual(["f", "lost+found", "sub"]);
  expect(readdirSync(`${volume}/lost+found`)).toEqual(["#123"]);
  expect(readdirSync(`${volume}/sub`)).toEqual(["g"]);
});

testWith(["strace"], "asked to end while it moves files into place, a merge is finished and says so", () => {
  // Enough for threads, which a signal cancels.
  const names = Array.from({ length: 400 }, (_, index) => `d${index}`);
  const tree = (content: string): TreeNode => {
    const children = names.map((name): [string, TreeNode] => [
      name,
      dir({ f: file(content), l: symlink("f"), new: dir({ f: file(content) }, { mode: 0o555 }) }),
    ]);
    return dir(Object.fromEntries(children), { mode: 0o750 });
  };
  storeTree(tree("new"));
  const renames = "rename,renameat,renameat2";
  for (const [index, when] of [5, 800].entries()) {
    const to = `to${index}`;
    makeTree(scratch.path(to), dir(Object.fromEntries(names.map((name) => [name, dir({ f: file("old") })]))));
    const through = injecting({ calls: renames, what: `signal=INT:when=${when}` });
    const { exitCode, stdout } = btdt(cache.restoreWords("key", to), { through });
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "Restored key key\n" });
    expect(compareTrees(scratch.path("tree"), scratch.path(to))).toEqual([]);
  }
});

testWith(
  ["strace"],
  "a merge that fails half way leaves every directory with a mode that it had or gets",
  () => {
    const names = Array.from({ length: 20 }, (_, index) => `d${index}`);
    const children = names.map((name): [string, TreeNode] => [
      name,
      dir({ f: file("new") }, { mode: 0o755 }),
    ]);
    storeTree(dir(Object.fromEntries(children)));
    makeTree(
      scratch.path("to"),
      dir(Object.fromEntries(names.map((name) => [name, dir({ f: file("old") }, { mode: 0o510 })]))),
    );
    const through = injecting({ calls: "rename,renameat,renameat2", what: "error=EIO:when=12" });
    const failed = btdt(cache.restoreWords("key", "to"), { through });
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toContain("input/output error");
    const modes = names.map((name) => statSync(scratch.path("to", name)).mode & 0o777);
    expect(modes.filter((mode) => mode !== 0o510 && mode !== 0o755)).toEqual([]);
    expect(readdirSync(scratch.path("to")).toSorted()).toEqual(names.toSorted());
  },
);

/** Changes bytes of the object as a disk does: size, mode and time stay. */
function corrupt(path: string): void {
  const { mtime, size } = statSync(path);
  writeFileSync(path, "?".repeat(size));
  utimesSync(path, mtime, mtime);
}

for (const mode of ["hard", "copy"]) {
  test(`--verify finds an object with other bytes, with --link ${mode}, and tries the next key`, () => {
    storeTree(dir({ f: file("content", { mtime: "@1700000000" }) }));
    rmSync(scratch.path("tree"), { recursive: true });
    corrupt(objectPath());
    makeTree(scratch.path("other"), dir({ f: file("another") }));
    cache.store("other", "other", "--link", "copy");
    expect(cache.restore("key", "unverified", "--link", mode).exitCode).toBe(0);
    const verified = cache.restore("key,other", "to", "--verify", "--link", mode);
    expect(verified).toMatchObject({ exitCode: 3, stdout: "Restored key other\n" });
    expect(verified.stderr).toContain("the content of f is damaged");
    expect(readFileSync(scratch.path("to", "f"), "utf8")).toBe("another");
    expect(readdirSync(cache.below("edited-paths"))).toEqual([]);
    // The bad object is gone, so it is a miss for everybody, and the next store makes a good one.
    expect(cache.restore("key", "to").exitCode).toBe(4);
    storeTree(dir({ f: file("content", { mtime: "@1700000000" }) }));
    expect(cache.restore("key", "to", "--verify")).toMatchObject({ exitCode: 0 });
  });
}

test("--verify finds all objects with other bytes at once, so that they cost one miss", () => {
  const mtime = "@1700000000";
  const files = dir({ a: file("aaa", { mtime }), b: file("bbb", { mtime }), c: file("ccc", { mtime }) });
  makeTree(scratch.path("tree"), files);
  cache.store("key", "tree", "--link", "copy");
  for (const name of cache.objects()) {
    if (readFileSync(cache.below("objects", name), "utf8") !== "bbb") corrupt(cache.below("objects", name));
  }
  const missed = cache.restore("key", "to", "--verify");
  expect(missed.exitCode).toBe(4);
  expect(missed.stderr).toContain("the contents of a and one other file are damaged");
  expect(cache.objects().map((name) => readFileSync(cache.below("objects", name), "utf8"))).toEqual(["bbb"]);
});

test("--verify does not take a linked file for unchanged, and restores from a pack what an object has lost", () => {
  const tree = dir({ f: file("content", { mtime: "@1700000000" }) });
  makeTree(scratch.path("tree"), tree);
  cache.store("key", "tree", "--storage", "packs");
  expect(cache.restore("key", "to").exitCode).toBe(0);
  corrupt(objectPath());
  expect(cache.restore("key", "to", "--verify")).toMatchObject({ exitCode: 0 });
  expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
});

test("--verify hashes large files, and run takes it as well", () => {
  makeTree(scratch.path("tree"), dir({ large: file("x".repeat(9 * 1024 * 1024), { mtime: "@1700000000" }) }));
  cache.store("key", "tree", "--link", "copy");
  expect(cache.restore("key", "to", "--verify").exitCode).toBe(0);
  rmSync(scratch.path("to"), { recursive: true });
  const object = objectPath();
  const bytes = readFileSync(object);
  bytes[5 * 1024 * 1024] = 0;
  writeFileSync(object, bytes);
  utimesSync(object, 1_700_000_000, 1_700_000_000);
  const words = ["run", "-c", cache.path, "-k", "key", "--verify", scratch.path("to"), "--"];
  const ran = btdt([...words, "cp", "-a", scratch.path("tree"), scratch.path("to")]);
  expect(ran.exitCode).toBe(0);
  expect(ran.stderr).toContain("the content of large is damaged");
  expect(btdt([...words, "false"]).exitCode).toBe(0);
});

/** Which of the main thread's `close` calls is the one that follows the making of a file in the tree. */
function closeAfterMaking(name: string, trace: string): number {
  const lines = readFileSync(trace, "utf8").split("\n");
  const [mainThread = ""] = /^\d+/.exec(lines[0] ?? "") ?? [];
  const own = lines.filter((line) => line.startsWith(`${mainThread} `));
  const making = own.findIndex((line) => line.includes(`/tree/${name}"`) && line.includes("O_CREAT"));
  if (making < 0) throw new Error(`${name} was not made by the main thread`);
  return own.slice(0, making).filter((line) => line.includes(" close(")).length + 1;
}

testWith(["strace"], "a close that fails, as of a full quota, fails the restore and leaves nothing", () => {
  for (const [storage, content] of [
    ["objects", "content"],
    ["objects", ""],
    ["packs", "content"],
  ] as const) {
    makeTree(scratch.path("tree"), dir({ f: file(content), other: file("other") }));
    cache.store(storage, "tree", "--storage", storage, "--link", "copy");
    const to = scratch.freshDirectory("parent");
    const words = ["restore", "-c", cache.path, "-k", storage, "--link", "copy", `${to}/to`];
    const trace = scratch.fresh("trace");
    const traced = ["strace", "-f", "-qq", "-o", trace, "-e", "trace=close,openat,open"];
    expect(btdt(words, { through: traced }).exitCode).toBe(0);
    rmSync(`${to}/to`, { recursive: true });
    const what = `error=EDQUOT:when=${closeAfterMaking("f", trace)}`;
    const failed = btdt(words, { through: injecting({ calls: "close", what }) });
    expect({ storage, content, ...failed }).toMatchObject({ storage, content, exitCode: 1, stdout: "" });
    expect(failed.stderr).toContain("the disk quota is exceeded");
    expect(readdirSync(to)).toEqual([]);
    rmSync(scratch.path("tree"), { recursive: true });
    rmSync(cache.path, { recursive: true });
  }
});
