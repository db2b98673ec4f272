import { expect, test } from "bun:test";
import { mkdirSync, readdirSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { btdt, must } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

function makeModules(...path: string[]): void {
  makeTree(scratch.path(...path, "node_modules"), dir({ deep: dir({ a: file("a") }), b: file("b") }));
}

/** The guide's two workspaces: two mounts of one volume. */
function mountWorkspaces(): void {
  for (const name of ["source", "cache"]) {
    mkdirSync(scratch.path("volume", name), { recursive: true });
    const path = scratch.directory(name);
    must(["mount", "--bind", scratch.path("volume", name), path]);
    scratch.noteMount(path);
  }
}

testWith(
  ["mount"],
  "a source on another mount of the cache's volume is packed, and the summary says why",
  () => {
    mountWorkspaces();
    makeModules("source");
    const words = cache.storeWords("key", "source/node_modules");
    const stored = btdt([...words, "--verbose"]);
    expect(stored.exitCode).toBe(0);
    expect(stored.stderr).toMatch(/: 2 packed in .* s \(another mount of the same volume: cannot link\)\n$/);
    expect(stored.stderr).toContain("node_modules is packed: another mount of the same volume\n");
    expect([cache.objects(), readdirSync(cache.below("packs")).length]).toEqual([[], 1]);
    expect(cache.restore("key", "source/other").stderr).toContain("2 unpacked");
    expect(compareTrees(scratch.path("source/node_modules"), scratch.path("source/other"))).toEqual([]);

    const json = JSON.parse(btdt([...words, "--json"]).stdout) as unknown;
    const source = scratch.path("source", "node_modules");
    const obstacle = "another mount of the same volume";
    expect(json).toMatchObject({ obstacles: [{ source, obstacle, isPacked: true }] });
  },
);

testWith(["mount"], "objects that were asked for are copied there, and the summary says why", () => {
  mountWorkspaces();
  makeModules("source");
  const stored = cache.store("key", "source/node_modules", "--storage", "objects");
  expect(stored.stderr).toMatch(/: 2 copied in .* s \(another mount of the same volume: cannot link\)\n$/);
  const restored = cache.restore("key", "source/other");
  expect(restored.stderr).toMatch(/: 2 copied in .* s \(another mount of the same volume: cannot link\)\n$/);
});

test("what can be linked is, without a word", () => {
  makeModules();
  const stored = cache.store("key", "node_modules");
  expect(stored.stderr).toMatch(/: 2 linked in [\d.]+ s\n$/);
});

testWith(["strace"], "a file system without hard links takes packs", () => {
  makeModules();
  for (const code of ["EPERM", "EOPNOTSUPP"]) {
    const inject = ["-e", "trace=link,linkat", "-e", `inject=link,linkat:error=${code}`];
    const through = ["strace", "-f", "-qq", "-o", "/dev/null", ...inject];
    const stored = btdt(cache.storeWords(code, "node_modules"), { through });
    expect(stored.exitCode).toBe(0);
    expect(stored.stderr).toMatch(/\(a file system without hard links: cannot link\)\n$/);
    expect(cache.objects()).toEqual([]);
    expect(cache.sessions()).toEqual([]);
  }
});

testWith(["strace", "mount"], "on a kernel that does not tell mounts apart, one link shows it", () => {
  mountWorkspaces();
  makeModules("source");
  const inject = ["-e", "trace=link,linkat,statx", "-e", "inject=statx:error=ENOSYS"];
  const through = ["strace", "-f", "-qq", "-o", "/dev/null", ...inject];
  const stored = btdt(cache.storeWords("key", "source/node_modules"), { through });
  expect(stored.exitCode).toBe(0);
  expect(stored.stderr).toMatch(/\(another mount of the same volume: cannot link\)\n$/);
});
