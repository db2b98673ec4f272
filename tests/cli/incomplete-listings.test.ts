import { expect } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { btdt } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { injecting } from "../support/trace.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

testWith(["strace"], "list says the same when a directory once looks empty", () => {
  makeTree(scratch.path("tree"), dir({ a: file("a"), b: file("b") }));
  expect(cache.store("key", "tree").exitCode).toBe(0);
  const words = ["list", "-c", cache.path, "--json"];
  const { stdout } = btdt(words);
  const root = `${cache.path}/btdt-v1`;
  const [shard = ""] = readdirSync(`${root}/manifests`);
  const [objects = ""] = readdirSync(`${root}/objects`);
  const directories = ["keys", "manifests", `manifests/${shard}`, "objects", `objects/${objects}`];
  for (const path of directories.map((name) => `${root}/${name}`)) {
    let injectedCount = 0;
    for (let when = 1; when <= 8; when++) {
      const trace = scratch.path("trace");
      const through = injecting({ calls: "getdents64", what: `retval=0:when=${when}`, path }, trace);
      const listed = btdt(words, { through });
      expect({ path, when, listed: listed.stdout }).toEqual({ path, when, listed: stdout });
      if (!readFileSync(trace, "utf8").includes("INJECTED")) break;
      injectedCount += 1;
    }
    expect(injectedCount).toBeGreaterThan(0);
  }
});
