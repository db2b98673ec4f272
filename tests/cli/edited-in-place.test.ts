import { expect, test } from "bun:test";
import {
  appendFileSync,
  chmodSync,
  lstatSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { TestCache } from "../support/cache.ts";
import { differences, type Snapshot, snapshotTree } from "../support/compare-trees.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
// These trees share everything, so that what happens to links happens to them.
const cache = new TestCache(scratch, "--link", "hard");
const KEY = "key";

/** What a job makes when the cache has nothing for it. */
function install(): Snapshot {
  rmSync(scratch.path("work"), { recursive: true, force: true });
  makeTree(
    scratch.path("work"),
    dir({ bin: dir({ tool: file("pristine", { mtime: "@1000.5" }) }), other: file("other") }),
  );
  return snapshotTree(scratch.path("work"));
}

/** What every run of the job then does to one of the files. */
const edits: Readonly<Record<string, (path: string) => void>> = {
  appending: (path) => appendFileSync(path, " and patched"),
  "writing the same length": (path) => writeFileSync(path, "PATCHED!"),
  "writing, and changing its mode and time": (path) => {
    writeFileSync(path, "PATCHED!");
    chmodSync(path, 0o755);
    utimesSync(path, 1000, 1000.5);
  },
  truncating: (path) => writeFileSync(path, ""),
};

test.each(Object.entries(edits))(
  "a job that edits a linked file by %s misses once, then hits for good",
  (_, edit) => {
    let pristine = install();
    cache.store(KEY, "work");
    rmSync(scratch.path("work"), { recursive: true });

    const restoreFresh = () => {
      rmSync(scratch.path("work"), { recursive: true, force: true });
      return cache.restore(KEY, "work");
    };
    expect(restoreFresh().exitCode).toBe(0);
    expect(differences(pristine, snapshotTree(scratch.path("work")))).toEqual([]);
    edit(scratch.path("work", "bin", "tool"));

    const missed = restoreFresh();
    expect(missed.exitCode).toBe(4);
    expect(missed.stderr).toContain("bin/tool was changed through a hard link");
    pristine = install();
    cache.store(KEY, "work");

    for (let run = 0; run < 3; run++) {
      const hit = restoreFresh();
      expect({ run, exitCode: hit.exitCode }).toEqual({ run, exitCode: 0 });
      expect(hit.stderr).toContain("1 linked, 1 copied");
      expect(differences(pristine, snapshotTree(scratch.path("work")))).toEqual([]);
      edit(scratch.path("work", "bin", "tool"));
    }
  },
);

test("the job's own tree may be edited right after it was stored", () => {
  install();
  cache.store(KEY, "work");
  appendFileSync(scratch.path("work", "bin", "tool"), " and patched");
  expect(cache.restore(KEY, "to").exitCode).toBe(4);
  const pristine = install();
  cache.store(KEY, "work");
  // Stored by copy this time, so that editing the source again does no harm.
  appendFileSync(scratch.path("work", "bin", "tool"), " and patched");
  expect(cache.restore(KEY, "to").exitCode).toBe(0);
  expect(differences(pristine, snapshotTree(scratch.path("to")))).toEqual([]);
});

test("the path is remembered for entries to come, other paths are still linked", () => {
  install();
  cache.store(KEY, "work");
  appendFileSync(scratch.path("work", "bin", "tool"), "!");
  expect(cache.restore(KEY, "to").exitCode).toBe(4);
  makeTree(scratch.path("next"), dir({ bin: dir({ tool: file("next version") }), "tool-2": file("more") }));
  expect(cache.store("next", "next").stderr).toContain("1 linked, 1 copied");
  expect(lstatSync(scratch.path("next", "bin", "tool")).nlink).toBe(1);
  expect(lstatSync(scratch.path("next", "tool-2")).nlink).toBe(2);
  expect(cache.restore("next", "to").stderr).toContain("1 linked, 1 copied");
});

test("all edited files of an entry are found at once", () => {
  makeTree(scratch.path("tree"), dir({ a: file("a"), b: file("b"), c: file("c"), d: dir({ e: file("e") }) }));
  cache.store(KEY, "tree");
  for (const name of ["a", "c", "d/e"]) appendFileSync(scratch.path("tree", name), "!");
  expect(cache.restore(KEY, "to").stderr).toContain(
    "a and 2 other files were changed through a hard link; they will be copied",
  );
  cache.store(KEY, "tree");
  expect(cache.restore(KEY, "to").stderr).toContain("1 linked, 3 copied");
});

test("a single file that is edited in place", () => {
  makeTree(scratch.path("model"), file("weights"));
  cache.store(KEY, "model");
  appendFileSync(scratch.path("model"), "!");
  expect(cache.restore(KEY, "to").exitCode).toBe(4);
  cache.store(KEY, "model");
  appendFileSync(scratch.path("model"), "?");
  expect(cache.restore(KEY, "to").exitCode).toBe(0);
  expect(readFileSync(scratch.path("to"), "utf8")).toBe("weights!");
});

test("two entries that share the file: the edit is seen in both", () => {
  install();
  cache.store("one", "work");
  cache.store("two", "work");
  makeTree(
    scratch.path("variant"),
    dir({ elsewhere: file("pristine", { mtime: "@1000.5" }), more: file("more") }),
  );
  cache.store("three", "variant");
  appendFileSync(scratch.path("work", "bin", "tool"), "!");
  for (const key of ["one", "two", "three"]) {
    expect(cache.restore(key, "to").exitCode).toBe(4);
    expect(() => lstatSync(scratch.path("to"))).toThrow();
  }
});
