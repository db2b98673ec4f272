/**
 * How long stores and restores take when nothing is in memory:
 * `npm run bench:cold [-- --rounds N --tree DIR --btdt FILE --at DIR]`. Needs root, and a real disk. Before each run,
 * the kernel drops what it has cached of all files, which slows down everything else on the machine for a while.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { installTree } from "../install-tree.ts";
import { type Contender, measure } from "../measure.ts";
import { report, say } from "../report.ts";
import { timeRun } from "../timed-run.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    /** A tree to use instead of the benchmark's. */
    tree: { type: "string" },
    btdt: { type: "string", default: join(import.meta.dir, "..", "..", "dist", "btdt") },
    /** A directory on the disk. */
    at: { type: "string", default: tmpdir() },
  },
});
const rounds = Number(values.rounds);
const { btdt } = values;
const work = mkdtempSync(join(values.at, "btdt-cold-"));
// By its name, its files are package contents, which are linked.
const source = join(work, "node_modules");

try {
  timeRun(["cp", "-a", values.tree ?? installTree(), source]);
  const stores = [
    storing("btdt store", "linked"),
    storing("btdt store --storage packs", "packed", "--storage=packs"),
    tarring("tar c", 'tar cf "$1" -C "$0" .', "tar"),
    tarring("tar c | zstd -T0 -3", 'tar c -C "$0" . | zstd -T0 -3 -q -f -o "$1"', "zst"),
  ];
  report({ kind: "times", title: "Store, nothing in memory", measurements: measure(stores, rounds) });
  const restores = [
    restoring("btdt restore", [btdt, "restore", "--keys=tree", "--cache", join(work, "linked-0")]),
    restoring("btdt restore from packs", [
      btdt,
      "restore",
      "--keys=tree",
      "--link=copy",
      "--cache",
      join(work, "packed-0"),
    ]),
    restoring("cp -al", ["cp", "-al", source]),
    restoring("cp -a", ["cp", "-a", source]),
    restoring("tar x", ["sh", "-c", 'mkdir "$1" && tar xf "$0" -C "$1"', join(work, "tar")]),
    restoring("zstd -dc | tar x", [
      "sh",
      "-c",
      'mkdir "$1" && zstd -dc "$0" | tar x -C "$1"',
      join(work, "zst"),
    ]),
  ];
  report({ kind: "times", title: "Restore, nothing in memory", measurements: measure(restores, rounds) });
} finally {
  rmSync(work, { recursive: true, force: true });
}

function storing(name: string, cache: string, ...options: string[]): Contender {
  return {
    name,
    command: [btdt, "store", "--create-cache", "--keys=tree", ...options],
    prepare: dropCaches,
    extraWords: (round) => ["--cache", join(work, `${cache}-${round}`), source],
  };
}

function tarring(name: string, script: string, archive: string): Contender {
  return { name, command: ["sh", "-c", script, source, join(work, archive)], prepare: dropCaches };
}

function restoring(name: string, command: readonly string[]): Contender {
  const parentOf = (round: number): string => join(work, `${name.replaceAll(/\W+/g, "-")}-${round}`);
  return {
    name,
    command,
    prepare: (round) => {
      mkdirSync(parentOf(round));
      dropCaches();
    },
    extraWords: (round) => [join(parentOf(round), "node_modules")],
  };
}

/** Drops clean pages, directories and inodes. Pages that are not written yet would stay. */
function dropCaches(): void {
  timeRun(["sync"]);
  try {
    writeFileSync("/proc/sys/vm/drop_caches", "3");
  } catch (error) {
    say("dropping caches needs root");
    throw error;
  }
}
