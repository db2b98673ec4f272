import { expect } from "bun:test";
import { statSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { closeToOthers, defaultAcls } from "../support/default-acl.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree, symlink } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

const TREE = dir({
  a: dir({ f: file("content"), empty: file("") }),
  b: dir({ c: dir({ l: symlink("a") }, { mode: 0o700 }), d: dir({}, { mode: 0o755 }) }, { mode: 0o775 }),
});

for (const storage of ["objects", "packs"]) {
  testWith(
    [defaultAcls],
    `from ${storage}, a default ACL changes the mode of nothing that is restored`,
    () => {
      makeTree(scratch.path("tree"), TREE);
      cache.store("key", "tree", "--storage", storage);
      const parent = scratch.directory("parent");
      expect(closeToOthers(parent)).toBe(true);
      expect(statSync(scratch.directory("parent", "probe")).mode & 0o077).toBe(0);
      expect(cache.restore("key", "parent/to").exitCode).toBe(0);
      expect(compareTrees(scratch.path("tree"), scratch.path("parent", "to"))).toEqual([]);
      // Into a directory that is there, too.
      scratch.directory("parent", "existing", "b", "own");
      expect(cache.restore("key", "parent/existing", "--exact").exitCode).toBe(0);
      expect(compareTrees(scratch.path("tree"), scratch.path("parent", "existing"))).toEqual([]);
    },
  );
}
