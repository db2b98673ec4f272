/**
 * Measures commands in large synthetic caches: `npm run bench:scale [-- --objects N] [--entries N] [--keys N]
 * [--rounds N] [--executable FILE]`. With 0, a cache is left out. The caches are made in the directory for temporary
 * files, which needs about 4 KB of disk for each object, and 2 MB for each entry. With a C compiler, it also prints what
 * looking at each object takes in C, on as many threads as there are processors: less is not possible.
 * Beside the commands of a single entry, it prints what a table of its objects and its manifest take in memory.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compile } from "../../link/compile.ts";
import { hostTarget } from "../../link/target.ts";
import { formatNumber } from "../../src/base/format-number.ts";
import { formatSize } from "../../src/base/size.ts";
import { buildLimit } from "../limits/build-limit.ts";
import { say } from "../report.ts";
import { median, type TimedRun, timeRun } from "../timed-run.ts";
import { type CacheSize, countContents } from "./synthetic-cache.ts";

const { values } = parseArgs({
  options: {
    objects: { type: "string", default: "1000000" },
    entries: { type: "string", default: "2000" },
    keys: { type: "string", default: "10000" },
    rounds: { type: "string", default: "3" },
    executable: { type: "string", default: join(import.meta.dir, "../../dist/btdt") },
  },
});
const rounds = Number(values.rounds);
const work = mkdtempSync(join(tmpdir(), "btdt-bench-scale-"));
const lookLimit = buildLimit("look-limit", work);
const manifestLimit = compileManifestLimit();
try {
  measureCache({ entryCount: 1, fileCount: Number(values.objects), ownFileCount: 0 });
  measureCache({ entryCount: Number(values.entries), fileCount: 50_000, ownFileCount: 500 });
  measureCache({ entryCount: Number(values.keys), fileCount: 10, ownFileCount: 1 });
} finally {
  rmSync(work, { recursive: true, force: true });
}

function compileManifestLimit(): string {
  const program = join(work, "manifest-limit-program");
  const entrypoint = "bench/limits/manifest-limit-program.ts";
  compile(join(import.meta.dir, "../.."), [entrypoint], hostTarget(process.platform, process.arch), program);
  return program;
}

function measureCache(size: CacheSize): void {
  if (size.entryCount === 0 || size.fileCount === 0) return;
  const cache = join(work, "cache");
  const { entryCount, fileCount, ownFileCount } = size;
  const script = join(import.meta.dir, "make-cache.ts");
  timeRun([process.execPath, script, cache, ...[entryCount, fileCount, ownFileCount].map(String)]);
  const counts = [entryCount, fileCount, ownFileCount, countContents(size)].map(formatNumber);
  say(
    `\nentries: ${counts[0]}, of ${counts[1]} files, ${counts[2]} of them in no other; objects: ${counts[3]}`,
  );
  say(["command".padEnd(16), "wall", "CPU", "memory"].map((heading) => heading.padStart(9)).join("  "));
  const commands = [
    // First, because it leaves a ledger; the one with `--damaged` does without.
    ["clean"],
    ["stats"],
    ["list", "--sizes"],
    ["list", "--damaged"],
    ["list"],
    ["lookup", "--miss-ok", "--keys=another"],
  ];
  for (const words of commands) {
    const [name = "", ...others] = words;
    measureCommand(describe(words), [values.executable, name, "--cache", cache, ...others]);
  }
  const objects = join(cache, "btdt-v1", "objects");
  if (lookLimit !== undefined)
    measureCommand("in C, a look", [lookLimit, objects, `${availableParallelism()}`]);
  if (entryCount === 1) {
    const manifests = join(cache, "btdt-v1", "manifests");
    measureCommand("limit of memory", [manifestLimit, manifests, String(countContents(size))]);
  }
  rmSync(cache, { recursive: true });
}

function measureCommand(title: string, command: readonly string[]): void {
  const runs: TimedRun[] = [];
  // The first round is a warm-up.
  for (let round = 0; round <= rounds; round++) {
    const run = timeRun(command);
    if (round > 0) runs.push(run);
  }
  const cells = [
    `${(median(runs.map(({ wallMs }) => wallMs)) / 1000).toFixed(2)} s`,
    `${(median(runs.map(({ cpuMs }) => cpuMs)) / 1000).toFixed(2)} s`,
    formatSize(median(runs.map(({ memoryBytes }) => memoryBytes))),
  ];
  say([title.padEnd(16), ...cells.map((cell) => cell.padStart(9))].join("  "));
}

function describe(words: readonly string[]): string {
  return words[0] === "lookup" ? "lookup, a miss" : words.join(" ");
}
