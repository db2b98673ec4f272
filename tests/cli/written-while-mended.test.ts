import { expect } from "bun:test";
import { chmodSync, linkSync, readFileSync, rmSync, statSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { must } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { stoppedAt } from "../support/trace.ts";
import { file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch, "--link", "hard");

const TIME_SECONDS = 1000;
const SMALL = Buffer.from("tool");
const LARGE = Buffer.alloc(5 * 1024 * 1024, "tool");

/** Writes into a file, and gives it the time back that it had: that file, whatever has its name by then. */
const WRITE = 'exec 3<>"$1" && printf evil >&3 && touch -d @2000 /proc/self/fd/3';

/** Starts to write; returns once that is done, or waits for a lease. */
async function startWriting(path: string): Promise<Bun.Subprocess> {
  const { ino } = statSync(path);
  const isHeldUp = new RegExp(`LEASE +BREAKING .*:${ino} `);
  const writer = Bun.spawn(["sh", "-c", WRITE, "sh", path]);
  while (writer.exitCode === null && !isHeldUp.test(readFileSync("/proc/locks", "utf8"))) await Bun.sleep(2);
  return writer;
}

const moments = [
  { what: "a small object is hashed", calls: "read", content: SMALL },
  { what: "a large object is mapped", calls: "mmap", content: LARGE },
  { what: "an object gets its mode back", calls: "fchmod", content: SMALL },
];
for (const { what, calls, content } of moments) {
  testWith(["linux", "strace"], `a tool that begins to write while ${what} changes no tree`, async () => {
    makeTree(scratch.path("tree"), file(content, { mtime: `@${TIME_SECONDS}` }));
    must(["cp", "-a", scratch.path("tree"), scratch.path("control")]);
    cache.store("key", "tree");
    rmSync(scratch.path("tree"));
    const [name = ""] = cache.objects();
    const path = cache.below("objects", name);
    must(["touch", "-d", "@2000", path]);
    let writer: Bun.Subprocess | undefined;
    const words = cache.restoreWords("key", "to");
    const restored = await stoppedAt({ calls, path }, words, scratch.path("trace"), async () => {
      writer = await startWriting(path);
    });
    expect(await writer?.exited).toBe(0);
    // Either the object was copied before the tool wrote to it, or it was found out.
    expect([0, 4]).toContain(restored.exitCode);
    if (restored.exitCode === 0)
      expect(compareTrees(scratch.path("control"), scratch.path("to"))).toEqual([]);
    else expect(restored.stderr).toContain("was changed through a hard link");
    const again = cache.restore("key", "again");
    expect(again.exitCode).toBe(restored.exitCode);
    if (again.exitCode === 0)
      expect(compareTrees(scratch.path("control"), scratch.path("again"))).toEqual([]);
    cache.store("key", "control");
    expect(cache.restore("key", "stored-again").exitCode).toBe(0);
    expect(compareTrees(scratch.path("control"), scratch.path("stored-again"))).toEqual([]);
  });
}

testWith(
  ["linux", "strace"],
  "a tree that links to an object while it is hashed keeps its attributes",
  async () => {
    makeTree(scratch.path("tree"), file(SMALL, { mtime: `@${TIME_SECONDS}` }));
    must(["cp", "-a", scratch.path("tree"), scratch.path("control")]);
    cache.store("key", "tree");
    rmSync(scratch.path("tree"));
    const [name = ""] = cache.objects();
    const path = cache.below("objects", name);
    must(["touch", path]);
    // As if another restore had mended it, and the user of its tree had changed it since.
    const words = cache.restoreWords("key", "to");
    const restored = await stoppedAt({ calls: "read", path }, words, scratch.path("trace"), () => {
      linkSync(path, scratch.path("other"));
      chmodSync(scratch.path("other"), 0o600);
    });
    expect(restored.exitCode).toBe(0);
    expect(restored.stderr).toContain("1 linked (1 mended)");
    expect(compareTrees(scratch.path("control"), scratch.path("to"))).toEqual([]);
    expect(statSync(scratch.path("other"))).toMatchObject({ nlink: 1, mode: 0o100600 });
  },
);
