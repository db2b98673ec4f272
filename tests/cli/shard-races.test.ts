import { expect } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { compareTrees } from "../support/compare-trees.ts";
import { btdt } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { injecting, stoppedAt } from "../support/trace.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();

/** What gives an object its name. */
const NAMING = "link,linkat,rename,renameat,renameat2";

function storing(cache: string, link: string): string[] {
  const words = ["store", "-c", scratch.directory(cache), "-k", "key", "--link", link];
  return [...words, scratch.path("tree", "node_modules")];
}

interface Rehearsal {
  /** The name of the tree's only object. */
  readonly object: string;
  /** The call that finds no shard for it. */
  readonly stop: { readonly calls: string; readonly when: number };
}

/** Stores the tree in a cache of its own. */
function rehearse(link: string): Rehearsal {
  const trace = scratch.path("calls");
  const through = injecting({ calls: NAMING, what: "delay_exit=0" }, trace);
  expect(btdt(storing("rehearsal", link), { through }).exitCode).toBe(0);
  const lines = readFileSync(trace, "utf8").split("\n");
  const found = lines.findIndex((line) => line.includes("/objects/") && line.includes("ENOENT"));
  const calls = lines.slice(0, found + 1).map((line) => /^\d+ +(\w+)\(/.exec(line)?.[1] ?? "");
  const call = calls.at(-1) ?? "";
  const names = readdirSync(scratch.path("rehearsal", "btdt-v1", "objects"), { recursive: true }).map(String);
  return {
    object: names.find((name) => name.includes("/")) ?? "",
    // strace counts each kind of call by itself.
    stop: { calls: call, when: calls.filter((name) => name === call).length },
  };
}

for (const link of ["hard", "copy"]) {
  testWith(["strace"], `the shard of an object is made by another process, --link ${link}`, async () => {
    makeTree(scratch.path("tree"), dir({ node_modules: dir({ pkg: dir({ "index.js": file("content") }) }) }));
    const { object, stop: naming } = rehearse(link);
    const shard = dirname(scratch.path("cache", "btdt-v1", "objects", object));
    const stops = [
      // After the call that has found none.
      naming,
      // After the look whether it is still missing.
      { calls: "lstat,statx,newfstatat", path: shard, when: 2 },
    ];
    for (const stop of stops) {
      const stored = await stoppedAt(stop, storing("cache", link), scratch.path("trace"), () => {
        mkdirSync(shard);
      });
      expect(stored).toMatchObject({ exitCode: 0, stdout: "" });
      expect(btdt(["restore", "-c", scratch.path("cache"), "-k", "key", scratch.path("to")]).exitCode).toBe(
        0,
      );
      expect(compareTrees(scratch.path("tree", "node_modules"), scratch.path("to"))).toEqual([]);
      for (const name of ["cache", "to", "trace"]) rmSync(scratch.path(name), { recursive: true });
    }
  });
}
