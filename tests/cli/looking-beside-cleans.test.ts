import { describe, expect } from "bun:test";
import { TestCache } from "../support/cache.ts";
import { btdt, type Finished } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { stoppedAt } from "../support/trace.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

const LOOKING = {
  list: ["list", "--json"],
  stats: ["stats", "--json"],
  "clean --dry-run": ["clean", "--dry-run", "--json"],
};

function store(name: string): void {
  makeTree(scratch.path(name), dir({ a: file(name) }));
  cache.store("key", name, "--storage", "objects", "--link", "copy");
}

/** Runs a command, and does something else once it has read the key, before it looks at anything else. */
async function lookAround(words: readonly string[], meanwhile: () => void): Promise<Finished> {
  const stop = { calls: "openat", path: cache.below("keys", "key") };
  return await stoppedAt(stop, wordsOf(words), scratch.path("trace"), meanwhile);
}

function wordsOf([command = "", ...options]: readonly string[]): string[] {
  return [command, "-c", cache.path, ...options];
}

function documentOf({ stdout }: Finished): unknown {
  return { ...JSON.parse(stdout), nowMs: 0 };
}

describe("what a clean has deleted since a key was read is no damage", () => {
  const changes = {
    evicted: () => expect(btdt(["delete", "-c", cache.path, "key"]).exitCode).toBe(0),
    replaced: () => store("new"),
  };
  for (const [command, words] of Object.entries(LOOKING)) {
    for (const [change, make] of Object.entries(changes)) {
      testWith(["strace"], `${command}: the entry was ${change}`, async () => {
        store("old");
        const looked = await lookAround(words, () => {
          make();
          expect(cache.clean().exitCode).toBe(0);
        });
        expect(looked.exitCode).toBe(0);
        expect(documentOf(looked)).toEqual(documentOf(btdt(wordsOf(words))));
      });
    }
  }
});
