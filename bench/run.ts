/**
 * Compares btdt with the tools one would use without it, and draws the chart of the README:
 * `npm run bench [-- --rounds N --directory DIR --far DIR --tree DIR --only packs --print-only]`;
 * or two builds of btdt: `npm run bench -- --against DIR`, where DIR is an executable, or a directory with one.
 *
 * Everything happens below one directory, so on one file system, with warm caches. Nothing is deleted before the end:
 * after many directories have been removed, ext4 is slow to create new ones for a while.
 */
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { formatSize } from "../src/base/size.ts";
import { compareBuilds, findExecutable } from "./compare-builds.ts";
import { CHART_PATH, drawChart } from "./draw.ts";
import { compareField } from "./field/compare-field.ts";
import { installTree } from "./install-tree.ts";
import { buildLimit } from "./limits/build-limit.ts";
import { type Contender, measure } from "./measure.ts";
import { measureOpenssl } from "./openssl-limit.ts";
import { comparePacks } from "./packs.ts";
import { report, say } from "./report.ts";
import {
  type BenchResults,
  type Comparison,
  describeMachine,
  RESULTS_PATH,
  writeResults,
} from "./results.ts";

const LARGE_FILE_BYTES = 2 ** 30;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    directory: { type: "string", default: tmpdir() },
    /** For caches with packs: ideally on another file system than the directory. */
    far: { type: "string" },
    /** A tree to use instead of installing one. */
    tree: { type: "string" },
    /** Measure only `trees`, `packs`, `field`, `hashes` or `starts`, and print it. */
    only: { type: "string" },
    /** Another build to compare this one with. */
    against: { type: "string" },
    /** Keep the results and the chart of the last run. */
    "print-only": { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds);
const btdt = join(import.meta.dir, "..", "dist", "btdt");
const tree = values.tree ?? installTree();
mkdirSync(values.directory, { recursive: true });
const work = mkdtempSync(join(values.directory, "btdt-bench-"));
const far = mkdtempSync(join(values.far ?? work, "btdt-bench-far-"));
// By its name, its files are package contents, which are linked.
const source = join(work, "node_modules");
const comparisons: Comparison[] = [];
try {
  must("cp", "-a", tree, source);
  let results: BenchResults = {
    date: new Date().toISOString().slice(0, 10),
    rounds,
    machine: describeMachine(work),
    tree: contentsOf(source),
    comparisons,
  };
  const { fileCount, contentBytes } = results.tree;
  say(`${fileCount.toLocaleString("en-US")} files, ${formatSize(contentBytes)}, ${rounds} rounds`);
  if (values.against === undefined) {
    if (isWanted("trees")) note(...compareTrees());
    if (isWanted("packs"))
      note(...comparePacks({ btdt, source, near: directoryIn(work, "near"), far, rounds }));
    if (isWanted("field")) {
      const field = compareField({ btdt, source, installed: tree, work: directoryIn(work, "field"), rounds });
      note(field.comparison);
      results = { ...results, versions: field.versions };
    }
    if (isWanted("hashes")) note(compareHashes());
    if (isWanted("starts")) note(compareStarts());
  } else {
    compareBuilds({ ours: btdt, other: findExecutable(values.against), source, work, rounds });
  }
  if (!values["print-only"] && values.only === undefined && values.against === undefined) {
    writeResults(results);
    drawChart(results);
    say(`\nwritten: ${RESULTS_PATH}, ${CHART_PATH}`);
  }
} finally {
  rmSync(far, { recursive: true, force: true });
  rmSync(work, { recursive: true, force: true });
}

function isWanted(name: string): boolean {
  return values.only === undefined || values.only === name;
}

function note(...finished: Comparison[]): void {
  comparisons.push(...finished);
  for (const comparison of finished) report(comparison);
}

function contentsOf(directory: string): BenchResults["tree"] {
  const sizes = must("find", directory, "-type", "f", "-printf", "%s\\n").trimEnd().split("\n").map(Number);
  const name = values.tree === undefined ? "A real node_modules" : "A tree";
  return { name, fileCount: sizes.length, contentBytes: sizes.reduce((sum, size) => sum + size, 0) };
}

function directoryIn(parent: string, name: string): string {
  const path = join(parent, name);
  mkdirSync(path);
  return path;
}

function compareTrees(): Comparison[] {
  const cache = (round: number | string): string => join(work, `cache-${round}`);
  const archive = join(work, "tree.tar");

  const stores: Comparison = {
    kind: "times",
    title: "Store by links",
    measurements: measure(
      [
        {
          name: "btdt store",
          command: [btdt, "store", "--keys", "tree"],
          prepare: (round) => mkdirSync(cache(round)),
          extraWords: (round) => ["--cache", cache(round), source],
        },
        {
          name: "btdt store --durability none",
          command: [btdt, "store", "--durability", "none", "--keys", "tree"],
          prepare: (round) => mkdirSync(cache(`none-${round}`)),
          extraWords: (round) => ["--cache", cache(`none-${round}`), source],
        },
        { name: "tar c", command: ["tar", "cf", archive, "-C", source, "."] },
      ],
      rounds,
    ),
  };

  const target = (name: string, round: number): string => join(work, `${name}-${round}`);
  const restores: Comparison = {
    kind: "times",
    title: "Restore by links",
    measurements: measure(
      [
        {
          name: "btdt restore",
          command: [btdt, "restore", "--cache", cache(0), "--keys", "tree"],
          prepare: (round) => mkdirSync(target("restored", round)),
          extraWords: (round) => [join(target("restored", round), "node_modules")],
        },
        { name: "cp -al", command: ["cp", "-al", source], extraWords: (round) => [target("linked", round)] },
        {
          name: "tar x",
          command: ["tar", "xf", archive],
          prepare: (round) => mkdirSync(target("extracted", round)),
          extraWords: (round) => ["-C", target("extracted", round)],
        },
      ],
      rounds,
    ),
  };
  return [restores, stores];
}

function compareHashes(): Comparison {
  const large = join(work, "large");
  const descriptor = openSync(large, "w");
  const block = new Uint8Array(2 ** 20);
  for (let written = 0; written < LARGE_FILE_BYTES; written += block.length) {
    for (let offset = 0; offset < block.length; offset += 2 ** 16) {
      crypto.getRandomValues(block.subarray(offset, offset + 2 ** 16));
    }
    writeSync(descriptor, block);
  }
  closeSync(descriptor);
  const contenders: Contender[] = [
    { name: "btdt hash", command: [btdt, "hash", large] },
    { name: "btdt hash, one thread", command: ["taskset", "-c", "0", btdt, "hash", large] },
    { name: "sha256sum", command: ["sha256sum", large] },
  ];
  if (Bun.which("b3sum") !== null) contenders.push({ name: "b3sum", command: ["b3sum", large] });
  const mapped = buildLimit("hash-limit", work);
  if (mapped !== undefined) {
    const threadCount = String(availableParallelism());
    contenders.push({ name: "OpenSSL, from a mapped file, in C", command: [mapped, large, threadCount] });
  }
  const limit = measureOpenssl(LARGE_FILE_BYTES, rounds);
  const measurements = [...measure(contenders, rounds), ...(limit === undefined ? [] : [limit])];
  return { kind: "times", title: "Hash 1 GiB", measurements };
}

function compareStarts(): Comparison {
  const lockFile = join(import.meta.dir, "..", "package-lock.json");
  return {
    kind: "times",
    title: `Start, ${rounds * 10} rounds`,
    measurements: measure(
      [
        { name: "btdt hash package-lock.json", command: [btdt, "hash", lockFile] },
        { name: "btdt --version", command: [btdt, "--version"] },
        { name: "/bin/true", command: ["/bin/true"] },
      ],
      rounds * 10,
    ),
  };
}

/** Returns what it prints. */
function must(...command: string[]): string {
  const run = Bun.spawnSync(command);
  if (run.exitCode !== 0) throw new Error(`${command.join(" ")} failed: ${run.stderr.toString()}`);
  return run.stdout.toString();
}
