import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { TestCache } from "../support/cache.ts";
import { compareTrees, differences, snapshotTree } from "../support/compare-trees.ts";
import { btdt, finishedOf, must, run, startBtdt } from "../support/executable.ts";
import { executableForAll } from "../support/executable-for-all.ts";
import { AS_NOBODY, testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { stoppedAt } from "../support/trace.ts";
import { dir, file, makeTree, symlink } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

const NOBODY = 65534;

function storeTree(): void {
  makeTree(
    scratch.path("tree"),
    dir(
      {
        a: file("a", { mtime: "@1.5" }),
        sub: dir(
          { b: file("b"), deeper: dir({ c: file("c", { mode: 0o755 }) }) },
          { mode: 0o711, mtime: "@2.5" },
        ),
        ".cache": dir({
          one: file("one", { mtime: "@3.5" }),
          two: file("two"),
          link: symlink("one", "@4.5"),
          new: dir(
            { x: file("x"), closed: dir({ y: file("y") }, { mode: 0o555 }), l: symlink("x") },
            { mode: 0o750 },
          ),
          shut: dir({ z: file("z") }, { mode: 0o500, mtime: "@5.5" }),
        }),
      },
      { mode: 0o750, mtime: "@6.5" },
    ),
  );
  cache.store("key", "tree");
}

function leftOvers(...path: string[]): string[] {
  return readdirSync(scratch.path(...path)).filter((name) => name.startsWith(".btdt-restore-"));
}

describe("a directory of another owner gets the files, and keeps its mode", () => {
  testWith(["root", "setpriv"], "restored into by a user who may only write to it", () => {
    storeTree();
    const { executable, workplace } = executableForAll(scratch);
    mkdirSync(join(workplace, "to", "sub"), { recursive: true });
    for (const name of ["to", "to/sub"]) chmodSync(join(workplace, name), 0o777);
    const words = ["restore", "-c", cache.path, "-k", "key", `${workplace}/to`];
    expect(run([...AS_NOBODY, executable, ...words])).toMatchObject({ exitCode: 0 });
    expect(run([...AS_NOBODY, executable, ...words, "--exact"])).toMatchObject({ exitCode: 0 });
    const lines = compareTrees(scratch.path("tree"), `${workplace}/to`);
    expect(lines.map((line) => line.split(":")[0])).toEqual([".", "sub"]);
    expect([
      statSync(`${workplace}/to`).mode & 0o7777,
      statSync(`${workplace}/to/sub`).mode & 0o7777,
    ]).toEqual([0o777, 0o777]);
  });

  testWith(["root"], "restored into by root, in a directory that a group shares", () => {
    storeTree();
    mkdirSync(scratch.path("to"));
    chownSync(scratch.path("to"), NOBODY, NOBODY);
    chmodSync(scratch.path("to"), 0o2775);
    expect(cache.restore("key", "to", "--exact").exitCode).toBe(0);
    makeTree(scratch.path("to", "mine"), file("mine"));
    expect(cache.restore("key", "to").exitCode).toBe(0);
    const { mode, uid } = statSync(scratch.path("to"));
    expect([mode & 0o7777, uid]).toEqual([0o2775, NOBODY]);
  });
});

describe("mounts below a destination", () => {
  function mountBelow(kind: "tmpfs" | "bind"): void {
    mkdirSync(scratch.path("to", ".cache", "kept"), { recursive: true });
    const path = scratch.path("to", ".cache");
    if (kind === "tmpfs") must(["mount", "-t", "tmpfs", "-o", "size=1m", "btdt-test", path]);
    else must(["mount", "--bind", scratch.directory("elsewhere"), path]);
    scratch.noteMount(path);
  }

  for (const kind of ["tmpfs", "bind"] as const) {
    testWith(["mount"], `get their part of the tree: ${kind}`, () => {
      storeTree();
      mountBelow(kind);
      makeTree(scratch.path("to", ".cache", "two"), file("old"));
      for (const options of [[], ["--exact"], []]) {
        expect(cache.restore("key", "to", ...options)).toMatchObject({ exitCode: 0 });
        expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
        expect([leftOvers("to"), leftOvers("to", ".cache")]).toEqual([[], []]);
      }
      must(["mountpoint", scratch.path("to", ".cache")]);
    });
  }

  testWith(["mount"], "keep the hard links within them, and what is up to date", () => {
    makeTree(scratch.path("tree"), dir({ a: file("aa", { mtime: "@1" }), ".cache": dir({ b: file("b") }) }));
    for (const [from, to] of [
      ["a", ".cache/a1"],
      ["a", ".cache/a2"],
      [".cache/b", ".cache/b2"],
    ] as const)
      linkSync(scratch.path("tree", from), scratch.path("tree", to));
    cache.store("key", "tree");
    mountBelow("tmpfs");
    const names = ["a", ".cache/a1", ".cache/a2", ".cache/b", ".cache/b2"];
    const restore = () => {
      expect(cache.restore("key", "to")).toMatchObject({ exitCode: 0 });
      const statuses = names.map((name) => statSync(scratch.path("to", name)));
      return statuses.map(({ ino, nlink }) => `${ino} ${nlink}`);
    };
    const [a, a1, a2, b, b2] = restore();
    expect([a1 === a2, b === b2, a1 === b, a?.endsWith(" 1"), a1?.endsWith(" 2"), b?.endsWith(" 2")]).toEqual(
      [true, true, false, true, true, true],
    );
    expect(restore()).toEqual([a, a1, a2, b, b2].map(String));

    // Only its content tells, and the name on the mount is compared on its own.
    writeFileSync(scratch.path("to", ".cache", "a1"), "xx");
    utimesSync(scratch.path("to", ".cache", "a1"), 1, 1);
    const [, again, other] = restore();
    expect(again).toBe(String(other));
    expect(readFileSync(scratch.path("to", ".cache", "a2"), "utf8")).toBe("aa");
    rmSync(scratch.path("to", ".cache", "b2"));
    const [, , , third, fourth] = restore();
    expect(third).toBe(String(fourth));
  });

  testWith(["mount"], "that are full leave everything as it was", () => {
    storeTree();
    mountBelow("tmpfs");
    run(["dd", "if=/dev/zero", `of=${scratch.path("to", ".cache", "full")}`, "bs=64k"]);
    makeTree(scratch.path("to", "a"), file("mine"));
    const before = snapshotTree(scratch.path("to"));
    const failed = cache.restore("key", "to");
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toContain("no space left on the device");
    expect(differences(before, snapshotTree(scratch.path("to")))).toEqual([]);
  });

  testWith(["mount"], "a directory that is one itself is not replaced, even when it is empty", () => {
    storeTree();
    mkdirSync(scratch.path("to"));
    must(["mount", "--bind", scratch.directory("elsewhere"), scratch.path("to")]);
    scratch.noteMount(scratch.path("to"));
    expect(cache.restore("key", "to")).toMatchObject({ exitCode: 0 });
    expect(compareTrees(scratch.path("tree"), scratch.path("elsewhere"))).toEqual([]);
  });
});

describe("several restores to one new destination", () => {
  testWith(["strace"], "one that finds the tree of another in its place merges", async () => {
    storeTree();
    for (const [number, options] of [[], ["--exact"], ["--link", "copy"]].entries()) {
      const to = `to${number}`;
      const meanwhile = () => {
        expect(cache.restore("key", to).exitCode).toBe(0);
        makeTree(scratch.path(to, "mine"), file("mine"));
      };
      const words = cache.restoreWords("key", to, ...options);
      const calls = "linkat,fchmod,chmod";
      const restored = await stoppedAt({ calls }, words, scratch.path(`trace${number}`), meanwhile);
      expect(restored).toMatchObject({ exitCode: 0, stdout: "Restored key key\n" });
      const expected = options.includes("--exact") ? [] : ["mine"];
      expect(compareTrees(scratch.path("tree"), scratch.path(to)).map((line) => line.split(":")[0])).toEqual(
        expected,
      );
      expect(leftOvers()).toEqual([]);
    }
  });

  test("all of them succeed", async () => {
    storeTree();
    for (let round = 0; round < 8; round++) {
      const words = cache.restoreWords("key", `to${round}`);
      const restores = Array.from({ length: 6 }, () => finishedOf(startBtdt(words)));
      for (const restored of await Promise.all(restores)) {
        expect(restored).toMatchObject({ exitCode: 0, stdout: "Restored key key\n" });
      }
      expect(compareTrees(scratch.path("tree"), scratch.path(`to${round}`))).toEqual([]);
      expect(leftOvers()).toEqual([]);
    }
  });

  test("a file of another kind in the place is an error that says so", async () => {
    storeTree();
    makeTree(scratch.path("single"), file("single"));
    cache.store("single", "single");
    const words = [cache.restoreWords("key", "to"), cache.restoreWords("single", "to")];
    const finished = await Promise.all(words.map((each) => finishedOf(startBtdt(each))));
    for (const { exitCode, stderr } of finished) {
      if (exitCode !== 0)
        expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/is a (file|directory), but/)]);
    }
    expect(finished.filter(({ exitCode }) => exitCode === 0).length).toBeGreaterThanOrEqual(1);
    expect(lstatSync(scratch.path("to")).isSymbolicLink()).toBe(false);
    expect(btdt(["clean", "-c", cache.path]).exitCode).toBe(0);
  });
});
