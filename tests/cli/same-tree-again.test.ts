import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { btdt } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

for (const storage of ["objects", "packs"]) {
  testWith(
    ["strace"],
    `a tree that is there already is announced by a link to its manifest: ${storage}`,
    () => {
      makeTree(scratch.path("tree"), dir({ a: file("a"), b: file("b") }));
      cache.store("first", "tree", "--storage", storage);
      const [manifest = ""] = cache.manifests();
      const trace = scratch.path("trace");
      const through = ["strace", "-f", "-qq", "-o", trace, "-e", "trace=link,linkat,write,pwrite64"];
      const words = cache.storeWords("second", "tree", "--storage", storage);
      expect(btdt(words, { through })).toMatchObject({ exitCode: 0 });
      const calls = readFileSync(trace, "utf8");
      expect(calls).toMatch(new RegExp(`link.*/manifests/${manifest}", .*/sessions/.*"`));
      expect(calls).not.toContain("BTDTMANI");
      expect(cache.manifests()).toEqual([manifest]);
      expect(cache.restore("second", "to").exitCode).toBe(0);
    },
  );
}

testWith(["strace"], "without hard links, it is announced by a copy", () => {
  makeTree(scratch.path("tree"), dir({ a: file("a") }));
  cache.store("first", "tree", "--storage", "packs");
  const manifests = cache.manifests();
  const through = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=link,linkat:error=EPERM"];
  const words = cache.storeWords("second", "tree", "--storage", "packs");
  expect(btdt(words, { through })).toMatchObject({ exitCode: 0 });
  expect(cache.manifests()).toEqual(manifests);
  expect(cache.sessions()).toEqual([]);
  expect(cache.restore("second", "to").exitCode).toBe(0);
});
