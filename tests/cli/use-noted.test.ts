import { expect } from "bun:test";
import { statSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { btdt, run } from "../support/executable.ts";
import { executableForAll } from "../support/executable-for-all.ts";
import { mountReadOnly } from "../support/mounts.ts";
import { AS_NOBODY, testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);
const NOT_NOTED = "this use could not be noted";

function usedColumn(): string | undefined {
  const [, row = ""] = btdt(["list", "-c", cache.path]).stdout.split("\n");
  return row.split(/ +/).at(-1);
}

testWith(
  ["mount", "setpriv"],
  "list and restore say when no use was noted, and a clean counts from the store",
  () => {
    makeTree(scratch.path("tree"), file("content"));
    cache.store("key", "tree");
    expect(usedColumn()).toBe("-");
    const storedMs = statSync(cache.below("keys", "key")).mtimeMs;

    const { executable, workplace } = executableForAll(scratch);
    const others = ["restore", "-c", cache.path, "-k", "key", "--verbose", `${workplace}/to`];
    const readOnly = mountReadOnly(scratch, cache.path, "read-only");
    const onReadOnly = ["restore", "-c", readOnly, "-k", "key", "--verbose", scratch.path("to")];
    for (const restored of [run([...AS_NOBODY, executable, ...others]), btdt(onReadOnly)]) {
      expect(restored.exitCode).toBe(0);
      expect(restored.stderr).toContain(NOT_NOTED);
    }
    expect(usedColumn()).toBe("-");
    expect(statSync(cache.below("keys", "key")).mtimeMs).toBe(storedMs);

    const noted = cache.restore("key", "to2", "--verbose");
    expect(noted.stderr).not.toContain(NOT_NOTED);
    expect(usedColumn()).toMatch(/^\d+s$/);
  },
);
