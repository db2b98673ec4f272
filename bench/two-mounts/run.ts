/**
 * How long btdt takes where cache and source are on two bind mounts of one volume, between which no links can be made:
 * `npm run bench:mounts [-- --rounds N --tree DIR --btdt FILE --at DIR]`. Needs root.
 *
 * It stores and restores as anyone would, and once without flushes, in turn with `tar` and `zstd`. Processor time is the least
 * of all rounds, because load only adds to it.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { installTree } from "../install-tree.ts";
import { type Contender, measure } from "../measure.ts";
import { report, say } from "../report.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    /** A tree to use instead of the benchmark's. */
    tree: { type: "string" },
    btdt: { type: "string", default: join(import.meta.dir, "..", "..", "dist", "btdt") },
    /** A directory on the volume. */
    at: { type: "string", default: tmpdir() },
  },
});
const rounds = Number(values.rounds);
const work = mkdtempSync(join(values.at, "btdt-mounts-"));
const [sources, caches] = [mount("sources"), mount("caches")];
const source = join(sources, "node_modules");
const archive = join(caches, "tree.tar.zst");

try {
  must("cp", "-a", values.tree ?? installTree(values.at), source);
  const options = ["--keys", "tree"];
  const storing: Contender[] = [
    {
      name: "btdt store",
      command: [values.btdt, "store", "--create-cache", ...options],
      extraWords: (round) => ["--cache", cacheOf(round), source],
    },
    {
      name: "btdt store --durability none",
      command: [values.btdt, "store", "--create-cache", "--durability", "none", ...options],
      extraWords: (round) => ["--cache", join(caches, `unflushed-${round}`), source],
    },
    {
      name: "tar c | zstd -T0 -3",
      command: ["sh", "-c", 'tar c -C "$0" . | zstd -T0 -3 -q -f -o "$1"', source, archive],
    },
  ];
  report({ kind: "times", title: "Store, other mount", measurements: measure(storing, rounds) });
  const restoring: Contender[] = [
    {
      name: "btdt restore",
      command: [values.btdt, "restore", ...options, "--cache", cacheOf(0)],
      prepare: (round) => mkdirSync(join(sources, `restored-${round}`)),
      extraWords: (round) => [join(sources, `restored-${round}`, "node_modules")],
    },
    {
      name: "zstd -dc | tar x",
      command: ["sh", "-c", 'zstd -dc "$0" | tar x -C "$1"', archive],
      prepare: (round) => mkdirSync(join(sources, `extracted-${round}`)),
      extraWords: (round) => [join(sources, `extracted-${round}`)],
    },
  ];
  report({ kind: "times", title: "Restore, other mount", measurements: measure(restoring, rounds) });
} finally {
  for (const path of [sources, caches]) Bun.spawnSync(["umount", "--lazy", path], { stderr: "ignore" });
  rmSync(work, { recursive: true, force: true });
}

/** A directory that is mounted on itself. */
function mount(name: string): string {
  const path = join(work, name);
  mkdirSync(path);
  try {
    must("mount", "--bind", path, path);
  } catch (error) {
    say("mounting needs root");
    throw error;
  }
  return path;
}

function cacheOf(round: number): string {
  return join(caches, `cache-${round}`);
}

function must(...command: string[]): void {
  const run = Bun.spawnSync(command);
  if (run.exitCode !== 0) throw new Error(`${command.join(" ")} failed: ${run.stderr.toString()}`);
}
