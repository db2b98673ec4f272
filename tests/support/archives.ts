import type { TestCache } from "./cache.ts";
import { BTDT, btdt, type Finished, must } from "./executable.ts";
import type { Scratch } from "./scratch.ts";
import { dir, file, symlink, type TreeNode } from "./tree.ts";

/** Exports to, and imports from, files of a test's scratch directory. */
export class Archives {
  readonly #scratch: Scratch;
  readonly #cache: TestCache;

  constructor(scratch: Scratch, cache: TestCache) {
    this.#scratch = scratch;
    this.#cache = cache;
  }

  /** The entry of key `k`. Has to work. */
  export(name: string, ...options: string[]): void {
    const words = [BTDT, "export", "-c", this.#cache.path, "-k", "k", ...options];
    must(["sh", "-c", `"$@" > ${this.#scratch.path(name)}`, "sh", ...words]);
  }

  /** May end in any way. */
  import(key: string, name: string, ...options: string[]): Finished {
    this.#scratch.directory("cache");
    return btdt(["import", "-c", this.#cache.path, "-k", key, ...options, this.#scratch.path(name)]);
  }
}

/** A tree with something of everything that all formats hold. */
export function archivedTree(): TreeNode {
  return dir({
    "a file": file("content\n", { mode: 0o755, mtime: "@1700000000" }),
    empty: file(""),
    large: file(crypto.getRandomValues(new Uint8Array(60_000)).toHex().repeat(40)),
    deep: dir({ ["n".repeat(120)]: dir({ ["m".repeat(120)]: file("long name") }), up: symlink("../a file") }),
    "\xc3\xbcn\xc3\xaf": file("a name in UTF-8"),
    void: dir({}, { mode: 0o750 }),
  });
}
