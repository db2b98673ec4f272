/**
 * Compares how long small commands take with an empty program that is compiled in the same way:
 * `npm run bench:start [-- --rounds N]`. All run in turn, and each is divided by the empty program of its round, so
 * that other work on the machine matters little.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { buildExecutable } from "../../link/build-executable.ts";
import { compile } from "../../link/compile.ts";
import { hostTarget } from "../../link/target.ts";
import { say } from "../report.ts";
import { median, type TimedRun, timeRun } from "../timed-run.ts";

const FILE_COUNT = 10;

/** As many as a restore of few files calls. */
const FUNCTION_COUNT = 630;

interface Start {
  readonly name: string;
  /** Gets a new path in each round. */
  readonly words: (unused: string) => readonly string[];
}

const { values } = parseArgs({ options: { rounds: { type: "string", default: "100" } } });
const rounds = Number(values.rounds);
const root = join(import.meta.dir, "../..");
const work = mkdtempSync(join(tmpdir(), "btdt-bench-start-"));
const [cache, tree] = [join(work, "cache"), join(work, "tree")];
const smallFile = join(tree, "0.txt");
try {
  const dynamic = join(work, "dynamic");
  buildExecutable(undefined, dynamic, {
    root,
    entrypoints: ["src/main.ts", "src/worker.ts"],
    libcDirectories: [],
    dynamic: true,
    cacheDirectory: join(root, "dist", ".packages"),
  });
  compareStarts(copyFresh(dynamic), copyFresh(join(root, "dist", "btdt")));
} finally {
  rmSync(work, { recursive: true, force: true });
}

function compilePlain(program: string): string {
  return compileFile(program, `bench/start-up/${program}.ts`);
}

function compileFile(name: string, source: string): string {
  const compiled = join(work, name);
  compile(root, [source], hostTarget(process.platform, process.arch), compiled);
  return copyFresh(compiled);
}

/** What `loaded-limit-program` does, after as many small functions as a restore calls have been called once each. */
function compileCalls(): string {
  const numbers = Array.from({ length: FUNCTION_COUNT }, (_, number) => number);
  const functions = numbers.map(
    (number) =>
      `function call${number}(state) { if (state.sum > ${number}) state.sum -= ${number}; else state.last = { sum: state.sum + ${number} }; }`,
  );
  const calls = numbers.map((number) => `call${number}(state);`);
  const [first, program] = [join(work, "calls.js"), join(work, "calls-program.js")];
  writeFileSync(first, ["export const state = { sum: 0 };", ...functions, ...calls].join("\n"));
  const rest = join(root, "bench/start-up/loaded-limit-program.ts");
  // Imported in this order, because the limit ends the process.
  writeFileSync(program, `import "./calls.js";\nimport ${JSON.stringify(rest)};\n`);
  return compileFile("calls-limit", relative(root, program));
}

/**
 * In which pieces the kernel has a file in memory decides up to a third of a start, and depends on how and when the
 * file was written: all are copied in the same way, one after the other.
 */
function copyFresh(executable: string): string {
  const copy = `${join(work, basename(executable))}-copy`;
  copyFileSync(executable, copy);
  return copy;
}

function compareStarts(dynamic: string, linked: string): void {
  const starts = prepareStarts();
  const commands = starts.flatMap(({ name, words }) => [
    { title: `${name}, dynamic`, command: (unused: string) => [dynamic, ...words(unused)] },
    { title: `${name}, static`, command: (unused: string) => [linked, ...words(unused)] },
  ]);
  const limit = compilePlain("limit-program");
  const loadedLimit = compilePlain("loaded-limit-program");
  const callsLimit = compileCalls();
  const objects = listObjects();
  commands.unshift(
    { title: "limit of hash", command: () => [limit, "hash", smallFile] },
    { title: "limit of a miss", command: (unused) => [limit, "miss", cache, unused] },
    { title: "limit of 10 files", command: (unused) => [limit, "hit", cache, unused, ...objects] },
    {
      title: "the same, code loaded",
      command: (unused) => [loadedLimit, "hit", cache, unused, ...objects],
    },
    {
      title: `the same, ${FUNCTION_COUNT} first calls`,
      command: (unused) => [callsLimit, "hit", cache, unused, ...objects],
    },
  );
  const empty = compilePlain("empty-program");
  const emptyRuns: TimedRun[] = [];
  const runs = new Map<string, TimedRun[]>();
  for (let round = 0; round <= rounds; round++) {
    const emptyRun = timeRun([empty]);
    // The first round is a warm-up.
    if (round > 0) emptyRuns.push(emptyRun);
    for (const [index, { title, command }] of commands.entries()) {
      const ran = timeRun(command(join(work, `restored-${index}-${round}`)));
      if (round > 0) runs.set(title, [...(runs.get(title) ?? []), ran]);
    }
  }
  say(`${rounds} rounds: medians, and medians of ratios to an empty program\n`);
  say(formatRow("an empty program", emptyRuns, emptyRuns));
  for (const [title, each] of runs) say(formatRow(title, each, emptyRuns));
}

function prepareStarts(): Start[] {
  mkdirSync(cache);
  mkdirSync(tree);
  for (let file = 0; file < FILE_COUNT; file++) writeFileSync(join(tree, `${file}.txt`), `file ${file}\n`);
  timeRun([join(root, "dist", "btdt"), "store", "--cache", cache, "--keys=key", tree]);
  return [
    { name: "--version", words: () => ["--version"] },
    { name: "hash of a small file", words: () => ["hash", smallFile] },
    { name: "lookup, a miss", words: () => ["lookup", "--miss-ok", "--cache", cache, "--keys=none"] },
    {
      name: "restore, a miss",
      words: (unused) => ["restore", "--miss-ok", "--cache", cache, "--keys=none", unused],
    },
    { name: "restore of 10 files", words: (unused) => ["restore", "--cache", cache, "--keys=key", unused] },
  ];
}

function listObjects(): string[] {
  const directory = join(cache, "btdt-v1", "objects");
  const names = readdirSync(directory, { recursive: true, withFileTypes: true });
  return names.filter((each) => each.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

function formatRow(title: string, runs: readonly TimedRun[], emptyRuns: readonly TimedRun[]): string {
  const cells = (["wallMs", "cpuMs"] as const).flatMap((measure) => {
    const ratios = runs.map((each, round) => each[measure] / (emptyRuns[round]?.[measure] ?? Number.NaN));
    return [`${median(runs.map((each) => each[measure])).toFixed(1)} ms`, `${median(ratios).toFixed(2)} x`];
  });
  return [title.padEnd(32), ...cells.map((cell) => cell.padStart(9))].join("  ");
}
