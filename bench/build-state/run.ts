/**
 * How long it takes to restore build state of which another tree is in use, so that everything is copied:
 * `npm run bench:copies -- --tree DIR [--rounds N --btdt FILE --at DIR]`, for example with the `target` of a cargo
 * project. It needs a C compiler, and room for six copies of the tree.
 *
 * It is compared with `cp -a`, and with a C program that copies the largest files first, with as many threads. Each run
 * starts only when everything before it is on disk. Earlier copies are emptied, not removed, because ext4 searches long
 * for a new inode where many have just been freed.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Contender, measure } from "../measure.ts";
import { report, say } from "../report.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    tree: { type: "string" },
    btdt: { type: "string", default: join(import.meta.dir, "..", "..", "dist", "btdt") },
    /** A directory on the volume. */
    at: { type: "string", default: tmpdir() },
  },
});
if (values.tree === undefined) {
  say("it needs a tree: --tree DIR");
  process.exit(2);
}
const rounds = Number(values.rounds);
const work = mkdtempSync(join(values.at, "btdt-copies-"));
const source = join(work, "target");
const cache = join(work, "cache");
const loop = join(work, "copy-loop");

try {
  must("cc", "-O2", "-pthread", "-o", loop, join(import.meta.dir, "copy-loop.c"));
  must("cp", "-a", values.tree, source);
  // The stored tree is the one that stays in use: its large files are linked to the cache.
  must(values.btdt, "store", "--create-cache", "--cache", cache, "--keys", "tree", source);
  const threadCount = availableParallelism();
  const contenders = [
    copyTo("btdt restore", [values.btdt, "restore", "--cache", cache, "--keys", "tree"], []),
    copyTo(`C, ${threadCount} threads`, [loop, source], [String(threadCount)]),
    copyTo("cp -a", ["cp", "-a", source], []),
  ];
  const measurements = measure(contenders, rounds);
  report({ kind: "times", title: "Restore of build state, another tree in use", measurements });
} finally {
  rmSync(work, { recursive: true, force: true });
}

function copyTo(name: string, command: readonly string[], last: readonly string[]): Contender {
  const parentOf = (round: number): string => join(work, `${name.replaceAll(/\W+/g, "-")}-${round}`);
  return {
    name,
    command,
    prepare: (round) => {
      if (round > 0)
        must("find", parentOf(round - 1), "-type", "f", "-links", "1", "-exec", "truncate", "-s0", "{}", "+");
      mkdirSync(parentOf(round));
      must("sync", "-f", work);
    },
    extraWords: (round) => [join(parentOf(round), "target"), ...last],
  };
}

function must(...command: string[]): void {
  const run = Bun.spawnSync(command);
  if (run.exitCode !== 0) throw new Error(`${command.join(" ")} failed: ${run.stderr.toString()}`);
}
