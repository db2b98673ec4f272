import { appendFileSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { compile } from "../link/compile.ts";
import { hostTarget } from "../link/target.ts";
import { buildLimit } from "./limits/build-limit.ts";
import { type Contender, measure } from "./measure.ts";
import type { Comparison } from "./results.ts";

/** Every hundredth file changes before the second store. */
const CHANGED_EVERY = 100;

export interface PackBench {
  readonly btdt: string;
  readonly source: string;
  /** An empty directory on the file system of the source. */
  readonly near: string;
  /** An empty directory for caches and archives, ideally on another file system. */
  readonly far: string;
  readonly rounds: number;
}

/** The least that any program needs for the same work: see pack-limit.c. */
const LIMIT = "the limit, in C";

/** The same work by the runtime that btdt is compiled with: see unpack-limit-program.ts. */
const RUNTIME_LIMIT = "the limit, in TypeScript";

/** Compares packs with `tar | zstd`, and with their limit: times, sizes, and what a second store adds. */
export function comparePacks(bench: PackBench): Comparison[] {
  const limit = buildLimit("pack-limit", bench.far);
  return [...compareFirstStores(bench, limit), compareRestores(bench, limit), ...compareSecondStores(bench)];
}

function compareFirstStores(bench: PackBench, limit: string | undefined): Comparison[] {
  const { source, rounds } = bench;
  const contenders = [store(bench, "first", source), compress(bench, "tree", source)];
  if (limit !== undefined) {
    const words = ["store", source, join(bench.far, "limit"), String(availableParallelism())];
    contenders.push({ name: LIMIT, command: [limit, ...words] });
  }
  return [
    { kind: "times", title: "Store as packs, compressed", measurements: measure(contenders, rounds) },
    {
      kind: "sizes",
      title: "What the packs take",
      sizes: [
        { name: "btdt cache", sizeBytes: sizeOf(cacheOf(bench, "first", 0)) },
        { name: "tar.zst", sizeBytes: statSync(archiveOf(bench, "tree")).size },
      ],
    },
  ];
}

/** From what the first stores left. */
function compareRestores(bench: PackBench, limit: string | undefined): Comparison {
  const target = (name: string, round: number): string => join(bench.near, `${name}-${round}`);
  const contenders: Contender[] = [
    {
      name: "btdt restore",
      command: [bench.btdt, "restore", "--link=copy", "--cache", cacheOf(bench, "first", 0), "--keys=tree"],
      extraWords: (round) => [target("unpacked", round)],
    },
    {
      name: "zstd -dc | tar x",
      command: ["sh", "-c", 'zstd -dc "$1" | tar x -C "$2"', "sh", archiveOf(bench, "tree")],
      prepare: (round) => mkdirSync(target("extracted", round)),
      extraWords: (round) => [target("extracted", round)],
    },
  ];
  if (limit !== undefined) {
    const pack = join(bench.far, "limit");
    const threadCount = String(availableParallelism());
    contenders.push(
      {
        name: RUNTIME_LIMIT,
        command: [compileUnpackLimit(bench.far), pack],
        extraWords: (round) => [target("less", round), threadCount],
      },
      {
        name: LIMIT,
        command: [limit, "restore", pack],
        extraWords: (round) => [target("least", round), threadCount],
      },
    );
  }
  return { kind: "times", title: "Restore from packs", measurements: measure(contenders, bench.rounds) };
}

function compileUnpackLimit(directory: string): string {
  const program = join(directory, "unpack-limit-program");
  const root = join(import.meta.dir, "..");
  const entrypoints = ["unpack-limit-program", "unpack-limit-worker"].map(
    (each) => `bench/limits/${each}.ts`,
  );
  compile(root, entrypoints, hostTarget(process.platform, process.arch), program);
  return program;
}

function compareSecondStores(bench: PackBench): Comparison[] {
  const { btdt, source, rounds } = bench;
  const changed = join(bench.near, "changed");
  Bun.spawnSync(["cp", "-a", source, changed]);
  changeSome(changed);
  const before: number[] = [];
  const again = store(bench, "again", changed);
  const prepare = (round: number): void => {
    again.prepare?.(round);
    const cache = cacheOf(bench, "again", round);
    Bun.spawnSync([btdt, "store", "--storage=packs", "--keys=old", "--cache", cache, source]);
    before[round] = sizeOf(cache);
  };
  const contenders = [{ ...again, prepare }, compress(bench, "changed", changed)];
  const measurements = measure(contenders, rounds);
  const added = sizeOf(cacheOf(bench, "again", 0)) - (before[0] ?? Number.NaN);
  return [
    { kind: "times", title: "Store as packs again, 1 % of the files changed", measurements },
    {
      kind: "sizes",
      title: "What the second store adds",
      sizes: [
        { name: "btdt cache", sizeBytes: added },
        { name: "another tar.zst", sizeBytes: statSync(archiveOf(bench, "changed")).size },
      ],
    },
  ];
}

function store(bench: PackBench, name: string, tree: string): Contender {
  return {
    name: "btdt store",
    command: [bench.btdt, "store", "--storage=packs", "--keys=tree"],
    prepare: (round) => mkdirSync(cacheOf(bench, name, round)),
    extraWords: (round) => ["--cache", cacheOf(bench, name, round), tree],
  };
}

function compress(bench: PackBench, name: string, tree: string): Contender {
  const pipe = 'tar c -C "$1" . | zstd -T0 -3 -q -f -o "$2"';
  return { name: "tar c | zstd -T0 -3", command: ["sh", "-c", pipe, "sh", tree, archiveOf(bench, name)] };
}

function cacheOf({ far }: PackBench, name: string, round: number): string {
  return join(far, `${name}-${round}`);
}

function archiveOf({ far }: PackBench, name: string): string {
  return join(far, `${name}.tar.zst`);
}

function sizeOf(directory: string): number {
  return readdirSync(directory, { recursive: true })
    .map((name) => statSync(join(directory, String(name))))
    .reduce((sum, stats) => sum + (stats.isFile() ? stats.size : 0), 0);
}

function changeSome(tree: string): void {
  const files = readdirSync(tree, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (let index = 0; index < files.length; index += CHANGED_EVERY) {
    const entry = files[index];
    if (entry !== undefined) appendFileSync(join(entry.parentPath, entry.name), `// ${index}\n`);
  }
}
