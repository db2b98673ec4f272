import { expect, test } from "bun:test";
import { lstatSync } from "node:fs";
import { differences, snapshotTree } from "../support/compare-trees.ts";
import { btdt, run } from "../support/executable.ts";
import { executableForAll } from "../support/executable-for-all.ts";
import { AS_NOBODY, testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree, symlink, type TreeNode } from "../support/tree.ts";

const scratch = Scratch.use();

/** Stores a tree, restores it elsewhere and lists what is not as it was before it was stored. */
function roundTrip(node: TreeNode, ...storeOptions: string[]): string[] {
  const cache = scratch.directory("cache");
  makeTree(scratch.path("tree"), node);
  const before = snapshotTree(scratch.path("tree"));
  const stored = btdt(["store", "-c", cache, "-k", "key", ...storeOptions, scratch.path("tree")]);
  expect({ exitCode: stored.exitCode, stdout: stored.stdout }).toEqual({ exitCode: 0, stdout: "" });
  const restored = btdt(["restore", "-c", cache, "-k", "key", scratch.path("restored")]);
  expect(restored.stderr).toMatch(/^btdt: restored [\d,]+ files?, .* in \d+\.\d s\n$/);
  expect({ exitCode: restored.exitCode, stdout: restored.stdout }).toEqual({
    exitCode: 0,
    stdout: "Restored key key\n",
  });
  // Storing must not have changed the source either.
  return [
    ...differences(before, snapshotTree(scratch.path("restored"))),
    ...differences(before, snapshotTree(scratch.path("tree"))),
  ];
}

test("directories: empty and nested ones, modes and times, the root's too", () => {
  const tree = dir(
    {
      empty: dir({}, { mode: 0o700, mtime: "@1500000000.000000001" }),
      readonly: dir(
        { file: file("x"), sub: dir({}, { mtime: "@7.5" }) },
        { mode: 0o555, mtime: "@1.999999999" },
      ),
      sticky: dir({}, { mode: 0o1777 }),
      group: dir({ inside: dir({ deeper: file("x") }) }, { mode: 0o2775 }),
      deep: dir({ er: dir({ still: dir({ bottom: file("x") }) }) }, { mtime: "@1600000000.123456789" }),
    },
    { mode: 0o751, mtime: "@1234567890.987654321" },
  );
  expect(roundTrip(tree)).toEqual([]);
});

test("a root that its owner may not write", () => {
  expect(roundTrip(dir({ file: file("x") }, { mode: 0o555, mtime: "@99.000000099" }))).toEqual([]);
});

test("an empty directory alone", () => {
  expect(roundTrip(dir({}, { mode: 0o710, mtime: "@5.5" }))).toEqual([]);
});

test("file modes, set-id bits among them, and executables", () => {
  const modes = [0o644, 0o755, 0o600, 0o400, 0o444, 0o777, 0o4755, 0o2755, 0o6711, 0o1644];
  const children = modes.map((mode) => [mode.toString(8), file(`mode ${mode}`, { mode })] as const);
  expect(
    roundTrip(dir(Object.fromEntries([...children, ["same", file("mode 420", { mode: 0o600 })]]))),
  ).toEqual([]);
});

testWith(["root"], "what its owner may not read, where root may", () => {
  const tree = dir({
    nothing: file("nothing", { mode: 0 }),
    runnable: file("runnable", { mode: 0o111 }),
    closed: dir({ file: file("x") }, { mode: 0, mtime: "@5.5" }),
  });
  expect(roundTrip(tree)).toEqual([]);
});

test("set-id files share no inode with the cache", () => {
  const packages = dir({ tool: file("x", { mode: 0o4755 }), plain: file("y") });
  expect(roundTrip(dir({ node_modules: packages }))).toEqual([]);
  expect(lstatSync(scratch.path("restored", "node_modules", "tool")).nlink).toBe(1);
  expect(lstatSync(scratch.path("restored", "node_modules", "plain")).nlink).toBe(3);
});

test("times to the nanosecond, before 1970 and far ahead", () => {
  const times = [
    "@0",
    "@0.000000001",
    "@-1",
    "@-1.5",
    "@-0.999999999",
    "@-86400.000000001",
    "@1700000000.123456789",
    "@4102444800.999999999",
  ];
  const children = times.flatMap((mtime, index) => [
    [`file${index}`, file(`content ${index}`, { mtime })] as const,
    [`directory${index}`, dir({}, { mtime })] as const,
    [`symlink${index}`, symlink("target", mtime)] as const,
  ]);
  expect(roundTrip(dir(Object.fromEntries(children), { mtime: "@-5.25" }))).toEqual([]);
});

test("symlinks as they are: dangling, absolute, upwards, to directories, to themselves, long", () => {
  const tree = dir({
    dangling: symlink("no/such/thing", "@1000000000.000000042"),
    absolute: symlink("/etc/passwd"),
    up: symlink("../../.."),
    directory: dir({ file: file("x") }),
    toDirectory: symlink("directory"),
    toSelf: symlink("toSelf"),
    long: symlink("x".repeat(3000)),
    bytes: symlink("\xff\xc3\x28"),
  });
  expect(roundTrip(tree)).toEqual([]);
});

test("names that are not UTF-8, and difficult ones", () => {
  const names = [
    "\xff",
    "\xc3\x28",
    "caf\xe9",
    "\xef\xbf\xbd",
    "new\nline",
    "-rf",
    "*",
    " ",
    "\\",
    "a".repeat(255),
    "\u00f0\u009f\u008e\u0089",
  ];
  const children = names.map((name, index) => [name, file(`content ${index}`)] as const);
  const tree = dir({
    ...Object.fromEntries(children),
    "\xfe directory": dir({ "\xfd": file("inside"), "\xfb": dir({ "\xfa": symlink("x") }) }),
  });
  expect(roundTrip(tree)).toEqual([]);
});

test("empty files, equal files and one file in many places", () => {
  const same = { mtime: "@1000.5" };
  const tree = dir({
    empty: file("", { mode: 0o640, mtime: "@3.000000003" }),
    "empty too": file(""),
    one: file("same", same),
    two: file("same", same),
    three: file("same", { ...same, mode: 0o600 }),
    four: file("same", { mtime: "@1000.6" }),
    sub: dir({ one: file("same", same) }),
  });
  expect(roundTrip(tree)).toEqual([]);
});

test("contents around the borders of chunks and spans", () => {
  const MiB = 1024 * 1024;
  const sizes = [1, 4 * MiB - 1, 4 * MiB, 4 * MiB + 1, 8 * MiB, 33 * MiB];
  const children = sizes.map((size, index) => [`${size}`, file(Buffer.alloc(size, `${index}text`))] as const);
  expect(roundTrip(dir(Object.fromEntries(children)))).toEqual([]);
  expect(differences(new Map(), snapshotTree(scratch.path("restored"))).length).toBe(sizes.length + 1);
});

test("a tree of many directories, which several threads build", () => {
  const branch = (depth: number): TreeNode =>
    depth === 0
      ? dir(
          { file: file("leaf", { mtime: "@11.5" }), link: symlink("file", "@12.5") },
          { mtime: "@13.000000013" },
        )
      : dir(Object.fromEntries(Array.from({ length: 6 }, (_, index) => [`d${index}`, branch(depth - 1)])), {
          mode: 0o750,
        });
  expect(roundTrip(branch(3))).toEqual([]);
});

testWith(
  ["root", "setpriv"],
  "directories that shut out their owner come back for somebody who is not root",
  () => {
    const cache = scratch.directory("cache");
    const tree = dir({
      closed: dir({ sub: dir({ file: file("x") }, { mode: 0o000 }) }, { mode: 0o000, mtime: "@1.5" }),
      readonly: dir(
        { file: file("x"), sub: dir({ file: file("y") }, { mode: 0o500 }) },
        { mode: 0o555, mtime: "@2.5" },
      ),
    });
    makeTree(scratch.path("tree"), tree);
    const before = snapshotTree(scratch.path("tree"));
    expect(btdt(["store", "-c", cache, "-k", "key", scratch.path("tree")]).exitCode).toBe(0);
    const { executable, workplace } = executableForAll(scratch);
    const to = `${workplace}/restored`;
    const restored = run([...AS_NOBODY, executable, "restore", "-c", cache, "-k", "key", to]);
    expect({ exitCode: restored.exitCode, stdout: restored.stdout }).toEqual({
      exitCode: 0,
      stdout: "Restored key key\n",
    });
    expect(differences(before, snapshotTree(to))).toEqual([]);
    expect(lstatSync(`${to}/closed`).uid).toBe(65534);
  },
);
