import { expect } from "bun:test";
import { lstatSync, mkdirSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { btdt, must } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { stoppedAt } from "../support/trace.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

const TIME = { mtime: "@1000.5" };
const PACKAGES = dir({
  node_modules: dir({
    tool: file("tool", { mode: 0o755, ...TIME }),
    shared: file("shared", { mode: 0o664, ...TIME }),
    data: file("data", TIME),
  }),
});

/** In trees that are named so, package contents are linked. */
function path(tree: string, name: string): string {
  return scratch.path(tree, "node_modules", name);
}

function restore(to: string, ...options: string[]): string {
  const { exitCode, stderr } = cache.restore("key", to, ...options);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  return stderr;
}

function capabilities(file: string): string {
  return must(["getcap", file]).trim();
}

/** Names and values of all but labels; ACLs as well. */
function attributes(file: string): string {
  const text = must(["getfattr", "-d", "-h", "-m", "-", "--absolute-names", file]);
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#") && !line.startsWith("security.selinux"))
    .join("\n");
}

for (const mode of ["auto", "hard"]) {
  testWith(
    ["root", "setcap", "getcap"],
    `a file capability is not stored, and the file with it is not linked: --link ${mode}`,
    () => {
      makeTree(scratch.path("tree"), PACKAGES);
      must(["setcap", "cap_dac_read_search+ep", path("tree", "tool")]);
      expect(cache.store("key", "tree", "--link", mode).stderr).toContain("2 linked, 1 copied");
      expect(capabilities(path("tree", "tool"))).toContain("cap_dac_read_search");
      restore("to", "--link", mode);
      expect(capabilities(path("to", "tool"))).toBe("");
      expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
    },
  );

  testWith(
    ["root", "setcap", "getcap"],
    `a file capability that one linked tree gets reaches no other: --link ${mode}`,
    () => {
      makeTree(scratch.path("tree"), PACKAGES);
      cache.store("key", "tree", "--link", mode);
      expect(restore("one", "--link", mode)).toContain("3 linked");
      must(["setcap", "cap_dac_read_search+ep", path("one", "tool")]);
      restore("two", "--link", mode);
      expect(capabilities(path("two", "tool"))).toBe("");
      expect(compareTrees(scratch.path("tree"), scratch.path("two"))).toEqual([]);
      // The cache has a clean copy now, which is linked as before.
      expect(restore("three", "--link", mode)).toContain("3 linked");
      expect(lstatSync(path("three", "tool")).ino).toBe(lstatSync(path("two", "tool")).ino);
      // Restored over itself, the tree loses what was not stored.
      restore("one", "--link", mode);
      expect(capabilities(path("one", "tool"))).toBe("");
    },
  );
}

testWith(["setfacl", "getfattr"], "ACLs do not travel in either direction", () => {
  makeTree(scratch.path("tree"), PACKAGES);
  must(["setfacl", "-m", "u:65534:rw", path("tree", "data")]);
  // What setfacl does to the mode of a file is visible, and is stored.
  expect(cache.store("key", "tree").stderr).toContain("2 linked, 1 copied");
  restore("one");
  expect(attributes(path("one", "data"))).toBe("");
  must(["setfacl", "-m", "u:65534:rw,m::rw", path("one", "shared")]);
  expect(attributes(path("one", "shared"))).toContain("posix_acl_access");
  restore("two");
  expect(attributes(path("two", "shared"))).toBe("");
  expect(compareTrees(scratch.path("tree"), scratch.path("two"))).toEqual([]);
});

testWith(["setfattr", "getfattr"], "other extended attributes are not stored", () => {
  makeTree(scratch.path("tree"), PACKAGES);
  must(["setfattr", "-n", "user.note", "-v", "mine", path("tree", "data")]);
  expect(cache.store("key", "tree").stderr).toContain("2 linked, 1 copied");
  expect(attributes(path("tree", "data"))).toContain("user.note");
  restore("one");
  expect(attributes(path("one", "data"))).toBe("");
});

testWith(["setfacl", "getfattr"], "what is unpacked with an inherited ACL does not become an object", () => {
  makeTree(scratch.path("tree"), PACKAGES);
  cache.store("key", "tree", "--storage", "packs");
  mkdirSync(scratch.path("parent"));
  must(["setfacl", "-d", "-m", "u:65534:rwx", scratch.path("parent")]);
  const restored = btdt(cache.restoreWords("key", "parent/to"));
  expect(restored).toMatchObject({ exitCode: 0 });
  expect(attributes(scratch.path("parent", "to", "node_modules", "tool"))).toContain("posix_acl_access");
  expect(cache.objects()).toEqual([]);
});

testWith(
  ["root", "setcap", "getcap", "strace"],
  "a file that is given a capability after it was read is not linked",
  async () => {
    makeTree(scratch.path("tree"), PACKAGES);
    const words = cache.storeWords("key", "tree");
    const stored = await stoppedAt({ calls: "linkat" }, words, scratch.path("trace"), () => {
      must(["setcap", "cap_dac_read_search+ep", path("tree", "tool")]);
    });
    expect(stored).toMatchObject({ exitCode: 0 });
    expect(stored.stderr).toContain("2 linked, 1 copied");
    restore("one");
    expect(lstatSync(path("one", "tool")).ino).not.toBe(lstatSync(path("tree", "tool")).ino);
    expect(capabilities(path("one", "tool"))).toBe("");
  },
);
