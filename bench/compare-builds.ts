/**
 * Compares two builds by the ratio of what each command takes. Both run in turn, and each round has its own ratio,
 * so that other work on the machine affects both alike; processor time is affected less than the clock.
 */
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { say } from "./report.ts";
import { median, type TimedRun, timeRun } from "./timed-run.ts";

export interface BuildComparison {
  readonly ours: string;
  readonly other: string;
  /** A tree of package contents. */
  readonly source: string;
  /** An empty directory on the file system of the tree. */
  readonly work: string;
  readonly rounds: number;
}

interface Build {
  readonly name: "ours" | "other";
  readonly executable: string;
  readonly work: string;
}

interface Task {
  readonly name: string;
  readonly isShort?: boolean;
  readonly words: (build: Build) => readonly string[];
  /** Below the build's directory; removed after each run. */
  readonly makes?: string;
}

const CACHES = ["linked", "packed", "small"] as const;

/** An executable, a directory with one, or the root of a working tree that was built. */
export function findExecutable(path: string): string {
  const candidates = [path, join(path, "btdt"), join(path, "dist", "btdt")];
  const found = candidates.find((each) => existsSync(each) && statSync(each).isFile());
  if (found === undefined) throw new Error(`no executable at ${candidates.join(", ")}`);
  return found;
}

/** Prints a table. */
export function compareBuilds({ ours, other, source, work, rounds }: BuildComparison): void {
  const small = join(work, "small-tree");
  mkdirSync(small);
  for (let file = 0; file < 10; file++) writeFileSync(join(small, `${file}.txt`), `file ${file}\n`);
  const large = join(work, "large");
  writeFileSync(large, Buffer.alloc(2 ** 28, "0123456789abcdefghijklmnopqrstuvwxyz\n"));
  const builds: Build[] = [
    { name: "ours", executable: ours, work: join(work, "ours") },
    { name: "other", executable: other, work: join(work, "other") },
  ];
  for (const build of builds) fillCaches(build, { linked: source, packed: source, small });

  say(
    `${"this build ÷ the other one".padEnd(34)}${"time".padStart(7)}${"half of the rounds".padStart(20)}  CPU`,
  );
  for (const task of listTasks(source, join(small, "0.txt"), large)) {
    say(formatRatios(task.name, runInTurn(task, builds, task.isShort === true ? rounds * 10 : rounds)));
  }
}

function fillCaches(build: Build, trees: Readonly<Record<(typeof CACHES)[number], string>>): void {
  for (const name of CACHES) {
    const options = ["--create-cache", "--cache", join(build.work, name), "--keys=key"];
    const storage = name === "packed" ? ["--storage=packs"] : [];
    timeRun([build.executable, "store", ...options, ...storage, trees[name]]);
  }
}

function within(cache: string, ...words: string[]): Task["words"] {
  return ({ work }) => [...words, "--cache", join(work, cache)];
}

function listTasks(source: string, smallFile: string, large: string): Task[] {
  const restored = "restored";
  const restoring = (cache: string, ...words: string[]): Task["words"] => {
    return (build) => [
      ...within(cache, "restore", "--keys=key", ...words)(build),
      join(build.work, restored),
    ];
  };
  const storing = (...words: string[]): Task["words"] => {
    return (build) => [...within("new", "store", "--create-cache", "--keys=key", ...words)(build), source];
  };
  return [
    { name: "--version", isShort: true, words: () => ["--version"] },
    { name: "hash of a small file", isShort: true, words: () => ["hash", smallFile] },
    { name: "lookup, a miss", isShort: true, words: within("small", "lookup", "--miss-ok", "--keys=none") },
    { name: "restore of 10 files", isShort: true, words: restoring("small"), makes: restored },
    { name: "hash of 256 MiB", words: () => ["hash", large] },
    { name: "hash of the tree", words: () => ["hash", source] },
    { name: "store by links", words: storing(), makes: "new" },
    { name: "restore by links", words: restoring("linked"), makes: restored },
    { name: "store as packs", words: storing("--storage=packs"), makes: "new" },
    { name: "restore from packs", words: restoring("packed", "--link=copy"), makes: restored },
    { name: "list", words: within("linked", "list", "--json") },
    { name: "stats", words: within("linked", "stats") },
    { name: "clean, nothing to do", words: within("linked", "clean") },
  ];
}

interface RunPair {
  readonly ours: TimedRun;
  readonly other: TimedRun;
}

/** The first round is a warm-up. Which build is first changes with each round. */
function runInTurn(task: Task, builds: readonly Build[], rounds: number): RunPair[] {
  const pairs: RunPair[] = [];
  for (let round = 0; round <= rounds; round++) {
    const runs: { ours?: TimedRun; other?: TimedRun } = {};
    for (const build of round % 2 === 0 ? builds : builds.toReversed()) {
      runs[build.name] = timeRun([build.executable, ...task.words(build)]);
      if (task.makes !== undefined) rmSync(join(build.work, task.makes), { recursive: true });
    }
    const { ours, other } = runs;
    if (round > 0 && ours !== undefined && other !== undefined) pairs.push({ ours, other });
  }
  return pairs;
}

function formatRatios(name: string, pairs: readonly RunPair[]): string {
  const ratios = pairs
    .map(({ ours, other }) => ours.wallMs / other.wallMs)
    .toSorted((left, right) => left - right);
  const quarter = Math.floor(ratios.length / 4);
  const range = [ratios[quarter], ratios.at(-1 - quarter)].map((ratio) => (ratio ?? Number.NaN).toFixed(2));
  const cpuRatio = median(pairs.map(({ ours, other }) => ours.cpuMs / other.cpuMs));
  const cells = [median(ratios).toFixed(2).padStart(7), range.join(" to ").padStart(20)];
  return `${name.padEnd(34)}${cells.join("")}  ${cpuRatio.toFixed(2)}`;
}
