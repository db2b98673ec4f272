import { readFileSync, writeFileSync } from "node:fs";
import type { TestCache } from "./cache.ts";
import { btdt, type Finished } from "./executable.ts";
import type { Scratch } from "./scratch.ts";
import { dir, makeTree, type TreeNode } from "./tree.ts";

/** Runs btdt in working directories of a test, for paths that are relative to these. */
export class Work {
  readonly #scratch: Scratch;
  readonly #cache: TestCache;

  constructor(scratch: Scratch, cache: TestCache) {
    this.#scratch = scratch;
    this.#cache = cache;
  }

  /** Creates a working directory. */
  make(name: string, children: Readonly<Record<string, TreeNode>> = {}): string {
    const path = this.#scratch.path(name);
    makeTree(path, dir(children));
    return path;
  }

  /** May fail. */
  run(directory: string, command: string, ...words: string[]): Finished {
    this.#scratch.directory("cache");
    return btdt([command, "-c", this.#cache.path, ...words], { cwd: this.#scratch.path(directory) });
  }

  /** Must succeed. */
  store(directory: string, key: string, ...words: string[]): Finished {
    const finished = this.run(directory, "store", "-k", key, ...words);
    if (finished.exitCode !== 0) throw new Error(`store ended with ${finished.exitCode}: ${finished.stderr}`);
    return finished;
  }

  restore(directory: string, keys: string, ...words: string[]): Finished {
    return this.run(directory, "restore", "-k", keys, ...words);
  }

  /** What a key's file, named like the key, says about its trees. */
  trees(key: string): { path?: string; manifest: string; fileCount: number; contentBytes: number }[] {
    return JSON.parse(readFileSync(this.#cache.below("keys", key), "utf8")).trees;
  }

  /** Changes what a key's file says about its trees, as an attacker could. */
  forgeTrees(key: string, trees: unknown): void {
    const path = this.#cache.below("keys", key);
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), trees }));
  }
}
