import { expect } from "bun:test";
import { readdirSync, rmSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { stoppedAt } from "../support/trace.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

function store(name: string): void {
  cache.store("key", name, "--storage", "objects", "--link", "copy");
}

testWith(
  ["strace"],
  "what has replaced a damaged entry since objects were listed is not damaged",
  async () => {
    for (const name of ["old", "new"])
      makeTree(scratch.path(name), dir({ a: file(name), b: file(`${name} b`) }));
    store("old");
    const [lost = ""] = cache.objects();
    rmSync(cache.below("objects", lost));
    const [shard = ""] = readdirSync(cache.below("manifests"));
    const [manifest = ""] = readdirSync(cache.below("manifests", shard));
    const words = ["verify", "-c", cache.path];
    const path = cache.below("manifests", shard, manifest);
    const verified = await stoppedAt({ calls: "openat", path }, words, scratch.path("trace"), () =>
      store("new"),
    );
    expect(verified).toMatchObject({ exitCode: 0, stderr: "" });
    expect(verified.stdout).toStartWith("Verified 1 key, 3 objects ");
  },
);

testWith(
  ["strace"],
  "an entry that a store makes whole before --repair removes its key keeps it",
  async () => {
    makeTree(scratch.path("tree"), dir({ a: file("a"), b: file("b") }));
    store("tree");
    for (const name of cache.objects()) rmSync(cache.below("objects", name));
    const words = ["verify", "-c", cache.path, "--repair"];
    const stop = { calls: "openat", path: cache.below("lock") };
    const verified = await stoppedAt(stop, words, scratch.path("trace"), () => store("tree"));
    expect(verified).toMatchObject({ exitCode: 0, stderr: "" });
    expect(cache.restore("key", "to")).toMatchObject({ exitCode: 0 });
    expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
  },
);
