import { expect, test } from "bun:test";
import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { compareTrees } from "../support/compare-trees.ts";
import { btdt, must, run } from "../support/executable.ts";
import { executableForAll } from "../support/executable-for-all.ts";
import { mountTmpfs } from "../support/mounts.ts";
import { AS_NOBODY, testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree, symlink } from "../support/tree.ts";

const scratch = Scratch.use();

function store(source: string, ...options: string[]) {
  return btdt(["store", "-c", scratch.directory("cache"), "-k", "key", ...options, source]);
}

function restore(to: string) {
  return btdt(["restore", "-c", scratch.path("cache"), "-k", "key", to]);
}

test("package contents are adopted by hard link, not copied, and stored again they are reused", () => {
  const tree = scratch.path("node_modules");
  scratch.directory("to");
  makeTree(tree, dir({ a: file("a"), sub: dir({ b: file("b") }), empty: file("") }));
  expect(store(tree).stderr).toMatch(/^btdt: stored 3 files, 2 B as key: 2 linked in \d+\.\d s\n$/);
  expect(lstatSync(scratch.path("node_modules", "a")).nlink).toBe(2);
  expect(lstatSync(scratch.path("node_modules", "empty")).nlink).toBe(1);
  expect(store(tree).stderr).toContain(": 2 reused in ");
  expect(lstatSync(scratch.path("node_modules", "a")).nlink).toBe(2);
  expect(restore(scratch.path("to", "node_modules")).stderr).toContain(
    "restored 3 files, 2 B: 2 linked, 1 copied in ",
  );
  expect(lstatSync(scratch.path("to", "node_modules", "a")).ino).toBe(
    lstatSync(scratch.path("node_modules", "a")).ino,
  );
});

test("a single file is an entry too", () => {
  makeTree(scratch.path("model.bin"), file("weights", { mode: 0o750, mtime: "@77.000000077" }));
  expect(store(scratch.path("model.bin")).exitCode).toBe(0);
  expect(restore(scratch.path("to")).exitCode).toBe(0);
  expect(compareTrees(scratch.path("model.bin"), scratch.path("to"))).toEqual([]);
  // Over an existing file it goes in one step; into a directory it does not go.
  must(["sh", "-c", `rm ${scratch.path("to")}; echo old > ${scratch.path("to")}`]);
  expect(restore(scratch.path("to")).exitCode).toBe(0);
  expect(readFileSync(scratch.path("to"), "utf8")).toBe("weights");
  const { exitCode, stderr } = restore(scratch.directory("directory"));
  expect(exitCode).toBe(1);
  expect(stderr).toContain("directory");
  expect(readdirSync(scratch.path("directory"))).toEqual([]);
});

test("a single empty file, and a large one", () => {
  for (const content of ["", Buffer.alloc(9 * 1024 * 1024, "text")]) {
    const source = scratch.path(`file${content.length}`);
    makeTree(source, file(content, { mode: 0o640, mtime: "@-3.5" }));
    expect(store(source).exitCode).toBe(0);
    expect(restore(`${source}-restored`).exitCode).toBe(0);
    expect(compareTrees(source, `${source}-restored`)).toEqual([]);
  }
});

test("SOURCE may be a symlink: what it points to is stored", () => {
  makeTree(scratch.path("tree"), dir({ a: file("a") }, { mode: 0o750, mtime: "@55.5" }));
  makeTree(scratch.path("file"), file("content"));
  symlinkSync("tree", scratch.path("to-tree"));
  symlinkSync("file", scratch.path("to-file"));
  expect(store(scratch.path("to-tree")).exitCode).toBe(0);
  expect(restore(scratch.path("restored-tree")).exitCode).toBe(0);
  expect(compareTrees(scratch.path("tree"), scratch.path("restored-tree"))).toEqual([]);
  expect(store(scratch.path("to-file"))).toMatchObject({ exitCode: 0 });
  expect(restore(scratch.path("restored-file")).exitCode).toBe(0);
  expect(compareTrees(scratch.path("file"), scratch.path("restored-file"))).toEqual([]);
});

test("relative sources, the working directory and trailing slashes", () => {
  makeTree(scratch.path("tree"), dir({ a: file("a"), sub: dir() }));
  const cache = scratch.directory("cache");
  for (const [source, cwd] of [
    [".", "tree"],
    ["tree/", "."],
    ["./tree", "."],
  ] as const) {
    expect(btdt(["store", "-c", cache, "-k", "key", source], { cwd: scratch.path(cwd) }).exitCode).toBe(0);
    expect(restore(scratch.path(`restored${source.replaceAll("/", "_")}`)).exitCode).toBe(0);
    expect(
      compareTrees(scratch.path("tree"), scratch.path(`restored${source.replaceAll("/", "_")}`)),
    ).toEqual([]);
  }
});

test("sockets and pipes are skipped, each with a warning that names it", () => {
  makeTree(scratch.path("tree"), dir({ a: file("a"), sub: dir({}, { mtime: "@5" }) }));
  must(["mkfifo", scratch.path("tree", "sub", "pipe")]);
  const server = Bun.listen({ unix: scratch.path("tree", "sock"), socket: { data: () => undefined } });
  const { exitCode, stderr } = store(scratch.path("tree"));
  server.stop(true);
  expect(exitCode).toBe(0);
  for (const name of ["sub/pipe", "sock"]) {
    const path = scratch.path("tree", name);
    expect(stderr).toContain(`btdt: warning: skipped ${path}: it is a socket, pipe or device\n`);
  }
  expect(restore(scratch.path("to")).exitCode).toBe(0);
  expect(readdirSync(scratch.path("to"), { recursive: true }).map(String).toSorted()).toEqual(["a", "sub"]);
});

test("sources that cannot be stored", () => {
  const pipe = scratch.path("pipe");
  must(["mkfifo", pipe]);
  for (const [source, expected] of [
    [scratch.path("missing"), "no such file or directory"],
    [pipe, "neither a directory nor a file"],
    ["/dev/null", "neither a directory nor a file"],
  ] as const) {
    const { exitCode, stdout, stderr } = store(source);
    expect({ source, exitCode, stdout }).toEqual({ source, exitCode: 1, stdout: "" });
    expect(stderr).toContain(source);
    expect(stderr).toContain(expected);
    expect(restore(scratch.path("to")).exitCode).toBe(4);
  }
  expect(store("").exitCode).toBe(2);
});

test("the cache itself is skipped in a source that contains it, and is not a valid source", () => {
  const cache = scratch.directory("cache");
  writeFileSync(`${cache}/own`, "content");
  mkdirSync(`${cache}/sub`);
  expect(store(cache).exitCode).toBe(0);
  const again = store(cache);
  expect(again).toMatchObject({ exitCode: 0 });
  expect(again.stderr).toContain(`btdt: warning: skipped ${cache}/btdt-v1: it is the cache itself\n`);
  expect(restore(scratch.path("to")).exitCode).toBe(0);
  expect(readdirSync(scratch.path("to")).toSorted()).toEqual(["own", "sub"]);
  const above = store(scratch.path());
  expect(above.exitCode).toBe(0);
  expect(above.stderr).toContain(`skipped ${cache}/btdt-v1`);
  for (const source of [`${cache}/btdt-v1`, `${cache}/btdt-v1/objects`]) {
    const { exitCode, stderr } = store(source);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("part of the cache");
  }
});

testWith(["mount"], "a source on another file system is copied when it is to be objects", () => {
  const source = `${mountTmpfs(scratch, "other")}/tree`;
  const content = {
    a: file("a", { mtime: "@-1.5" }),
    tool: file("x", { mode: 0o4755 }),
    sub: dir({ l: symlink("x") }),
  };
  makeTree(source, dir(content));
  expect(store(source, "--storage", "objects").stderr).toContain(": 2 copied in ");
  expect(lstatSync(`${source}/a`).nlink).toBe(1);
  expect(restore(scratch.path("to")).exitCode).toBe(0);
  expect(compareTrees(source, scratch.path("to"))).toEqual([]);
});

test("--link copy and reflink share no inode with the source", () => {
  makeTree(scratch.path("tree"), dir({ a: file("a") }));
  for (const mode of ["copy", "reflink"]) {
    const cache = scratch.directory(mode);
    const { exitCode } = btdt(["store", "-c", cache, "-k", "key", "--link", mode, scratch.path("tree")]);
    expect(exitCode).toBe(0);
    expect(lstatSync(scratch.path("tree", "a")).nlink).toBe(1);
    expect(btdt(["restore", "-c", cache, "-k", "key", scratch.path(`${mode}-to`)]).exitCode).toBe(0);
    expect(compareTrees(scratch.path("tree"), scratch.path(`${mode}-to`))).toEqual([]);
  }
});

testWith(
  ["root", "setpriv"],
  "an unreadable file or directory is an error that names it, and nothing is published",
  () => {
    const { executable, workplace } = executableForAll(scratch);
    for (const [name, tree] of [
      ["secret", dir({ a: file("a"), secret: file("x", { mode: 0o600 }) })],
      ["closed", dir({ a: file("a"), closed: dir({}, { mode: 0o700 }) })],
    ] as const) {
      makeTree(scratch.path(name), dir({ tree }));
      const cache = `${workplace}/${name}-cache`;
      const words = ["store", "-c", cache, "--create-cache", "-k", "key", scratch.path(name, "tree")];
      const { exitCode, stderr } = run([...AS_NOBODY, executable, ...words]);
      expect(exitCode).toBe(1);
      expect(stderr).toContain(`${scratch.path(name, "tree", name)}: permission denied`);
      expect(readdirSync(`${cache}/btdt-v1/keys`)).toEqual([]);
    }
  },
);
