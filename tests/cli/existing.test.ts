import { expect, test } from "bun:test";
import { lstatSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { compareTrees, differences, snapshotTree } from "../support/compare-trees.ts";
import { btdt, must, run } from "../support/executable.ts";
import { executableForAll } from "../support/executable-for-all.ts";
import { AS_NOBODY, testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { injecting } from "../support/trace.ts";
import { dir, file, makeTree, symlink, type TreeNode } from "../support/tree.ts";

const scratch = Scratch.use();
// These trees share everything, so that what happens to links happens to them.
const cache = new TestCache(scratch, "--link", "hard");

const TREE = dir(
  {
    same: file("same", { mtime: "@1.5" }),
    changed: file("new", { mode: 0o755 }),
    link: symlink("same", "@2.5"),
    sub: dir({ deep: file("deep"), deeper: dir({ x: file("x") }) }, { mode: 0o711, mtime: "@3.5" }),
    empty: file("", { mtime: "@4.5" }),
    "empty directory": dir({}, { mode: 0o700 }),
  },
  { mode: 0o755, mtime: "@5.5" },
);

function storeTree(existing: TreeNode): void {
  makeTree(scratch.path("tree"), TREE);
  cache.store("key", "tree");
  makeTree(scratch.path("to"), existing);
}

function inode(...path: string[]): number {
  return lstatSync(scratch.path(...path)).ino;
}

test("files of the entry replace existing ones, others stay; the result has the entry's modes and times", () => {
  storeTree(
    dir({
      changed: file("old"),
      extra: file("extra", { mtime: "@9" }),
      sub: dir({ own: file("own") }),
      link: symlink("old"),
    }),
  );
  const { exitCode, stdout } = cache.restore("key", "to");
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "Restored key key\n" });
  const lines = compareTrees(scratch.path("tree"), scratch.path("to"));
  expect(lines.map((line) => line.replace(/: too much .*/, ""))).toEqual(["extra", "sub/own"]);
});

test("--exact deletes what is not in the entry", () => {
  storeTree(
    dir({
      extra: file("x"),
      "\xff": file("x"),
      sub: dir({ own: dir({ more: file("x") }, { mode: 0o500 }), s: symlink("/etc") }),
      gone: dir(),
    }),
  );
  expect(cache.restore("key", "to", "--exact").exitCode).toBe(0);
  expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
});

test("unchanged files keep their inodes, changed ones get new ones", () => {
  storeTree(dir());
  rmSync(scratch.path("to"), { recursive: true });
  must(["cp", "-a", scratch.path("tree"), scratch.path("to")]);
  writeFileSync(scratch.path("to", "changed"), "old");
  const [same, link, empty, changed] = ["same", "link", "empty", "changed"].map((name) => inode("to", name));
  const { exitCode, stderr } = cache.restore("key", "to");
  expect(exitCode).toBe(0);
  expect(stderr).toContain(": 1 linked, 4 unchanged in ");
  expect(inode("to", "same")).toBe(same ?? 0);
  expect(inode("to", "link")).toBe(link ?? 0);
  expect(inode("to", "empty")).toBe(empty ?? 0);
  expect(inode("to", "changed")).not.toBe(changed ?? 0);
  expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
});

test("a file with the right size, mode and time but another content is replaced", () => {
  storeTree(dir({ same: file("SAME", { mtime: "@1.5" }) }));
  expect(cache.restore("key", "to").exitCode).toBe(0);
  expect(readFileSync(scratch.path("to", "same"), "utf8")).toBe("same");
});

test("an existing file is replaced, never written through its links", () => {
  storeTree(dir());
  makeTree(scratch.path("precious"), file("precious"));
  must(["ln", scratch.path("precious"), scratch.path("to", "changed")]);
  expect(cache.restore("key", "to", "--link", "copy").exitCode).toBe(0);
  expect(readFileSync(scratch.path("precious"), "utf8")).toBe("precious");
  expect(readFileSync(scratch.path("to", "changed"), "utf8")).toBe("new");
});

test("symlinks in the way are replaced, never followed", () => {
  for (const options of [[], ["--exact"]]) {
    makeTree(
      scratch.path("outside"),
      dir({ target: file("precious"), tree: dir({ deep: file("precious") }) }),
    );
    storeTree(
      dir({
        changed: symlink("../outside/target"),
        sub: symlink("../outside/tree"),
        "empty directory": symlink("../outside"),
        empty: symlink("../outside/new"),
        other: symlink("../outside/tree"),
      }),
    );
    const before = snapshotTree(scratch.path("outside"));
    expect(cache.restore("key", "to", ...options).exitCode).toBe(0);
    expect(differences(before, snapshotTree(scratch.path("outside")))).toEqual([]);
    rmSync(scratch.path("to", "other"), { force: true });
    const compared = compareTrees(scratch.path("tree"), scratch.path("to"));
    expect(compared.filter((line) => !line.startsWith(".:"))).toEqual([]);
    for (const name of ["outside", "tree", "to"]) rmSync(scratch.path(name), { recursive: true });
  }
});

test("kinds that differ: files give way to directories; directories only to --exact", () => {
  storeTree(dir({ sub: file("a file"), "empty directory": symlink("x") }));
  must(["mkfifo", scratch.path("to", "same")]);
  expect(cache.restore("key", "to").exitCode).toBe(0);
  expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);

  rmSync(scratch.path("to", "changed"));
  makeTree(scratch.path("to", "changed"), dir({ inside: file("x") }));
  const before = snapshotTree(scratch.path("to"));
  const { exitCode, stderr } = cache.restore("key", "to");
  expect(exitCode).toBe(1);
  expect(stderr).toContain(`${scratch.path("to", "changed")} is a directory`);
  expect(stderr).toContain("--exact");
  expect(differences(before, snapshotTree(scratch.path("to")))).toEqual([]);
  expect(cache.restore("key", "to", "--exact").exitCode).toBe(0);
  expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
});

test("a damaged entry changes nothing in an existing destination", () => {
  storeTree(dir({ changed: file("old"), extra: file("x") }, { mode: 0o555, mtime: "@-7.123456789" }));
  const before = snapshotTree(scratch.path("to"));
  writeFileSync(scratch.path("tree", "sub", "deep"), "edited through the link");
  expect(cache.restore("key", "to", "--exact").exitCode).toBe(4);
  expect(differences(before, snapshotTree(scratch.path("to")))).toEqual([]);
});

testWith(["strace"], "nor does a restore that fails before everything is there", () => {
  storeTree(dir({ changed: file("old"), sub: dir({}, { mtime: "@8.5" }) }, { mode: 0o555, mtime: "@7.5" }));
  const before = snapshotTree(scratch.path("to"));
  const restore = (calls: string, what: string) =>
    btdt(cache.restoreWords("key", "to"), { through: injecting({ calls, what }) });
  expect(restore("?symlink,symlinkat", "error=ENOSPC")).toMatchObject({ exitCode: 1 });
  expect(differences(before, snapshotTree(scratch.path("to")))).toEqual([]);
  // The directory that everything is to be made in cannot be made itself.
  expect(restore("?mkdir,mkdirat", "error=EDQUOT:when=2+")).toMatchObject({ exitCode: 1 });
  expect(differences(before, snapshotTree(scratch.path("to")))).toEqual([]);
});

test("--exact refuses to remove the cache, and never leaves the destination", () => {
  storeTree(dir({ extra: symlink("../tree") }));
  renameSync(cache.path, scratch.path("to", "cache"));
  const words = ["restore", "-c", scratch.path("to", "cache"), "-k", "key", "--exact", scratch.path("to")];
  const refused = btdt(words);
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain("--exact would delete the cache");
  expect(readdirSync(scratch.path("to", "cache"))).toEqual(["btdt-v1"]);
  renameSync(scratch.path("to", "cache"), cache.path);
  expect(cache.restore("key", "to", "--exact").exitCode).toBe(0);
  expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
});

testWith(
  ["root", "setpriv"],
  "somebody who is not root can restore over directories that may not be written",
  () => {
    const closed = dir(
      { x: file("new"), sub: dir({ y: file("new") }, { mode: 0o555 }) },
      { mode: 0o555, mtime: "@7.5" },
    );
    makeTree(scratch.path("tree"), dir({ closed }, { mode: 0o555 }));
    cache.store("key", "tree");
    const { executable, workplace } = executableForAll(scratch);
    const restore = (...options: string[]) =>
      run([
        ...AS_NOBODY,
        executable,
        "restore",
        "-c",
        cache.path,
        "-k",
        "key",
        ...options,
        `${workplace}/to`,
      ]);
    expect(restore().exitCode).toBe(0);
    for (const options of [[], ["--exact"]]) {
      // Changed, and closed again.
      const change =
        "chmod -R u+w to && rm to/closed/x && mkdir -p to/more && echo old > to/more/x && chmod -R a-w to/closed to/more";
      must([...AS_NOBODY, "sh", "-c", change], { cwd: workplace });
      expect(restore(...options)).toMatchObject({ exitCode: 0, stdout: "Restored key key\n" });
    }
    expect(compareTrees(scratch.path("tree"), `${workplace}/to`)).toEqual([]);
  },
);

testWith(
  ["strace"],
  "what a killed restore built beside a destination goes when the destination exists by then",
  () => {
    makeTree(scratch.path("tree"), TREE);
    cache.store("key", "tree");
    scratch.directory("place");
    const through = injecting({ calls: "?symlink,?symlinkat", what: "signal=KILL" });
    expect(btdt(cache.restoreWords("key", "place/to"), { through }).exitCode).toBe(137);
    expect(readdirSync(scratch.path("place"))).toHaveLength(1);
    scratch.directory("place", "to");
    expect(cache.restore("key", "place/to").exitCode).toBe(0);
    expect(readdirSync(scratch.path("place"))).toEqual(["to"]);
  },
);

testWith(["strace"], "a use that cannot be noted does not keep an entry from being restored", () => {
  makeTree(scratch.path("tree"), TREE);
  cache.store("key", "tree");
  expect(cache.keys()).toEqual(["key"]);
  for (const errno of ["EIO", "EINTR", "ENOSPC"]) {
    const injection = { calls: "utimensat", what: `error=${errno}`, path: cache.below("keys", "key") };
    const through = injecting(injection);
    expect(btdt(cache.restoreWords("key", errno), { through })).toMatchObject({ exitCode: 0 });
    expect(compareTrees(scratch.path("tree"), scratch.path(errno))).toEqual([]);
  }
});
