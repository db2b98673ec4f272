/**
 * Two checkouts of one project, as two jobs have them at the same time on one machine: what was built or installed in
 * the first is restored into both, and tools work in each. The same is done with copies made by `cp -a`, and
 * nobody working in a checkout must be able to tell the difference.
 */
import { expect } from "bun:test";
import { lstatSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { differences, type Snapshot, snapshotTree } from "../support/compare-trees.ts";
import { btdt, type Finished, finishedOf, must, run, startBtdt } from "../support/executable.ts";
import type { Scratch } from "../support/scratch.ts";

export interface Trial {
  /** Makes the project in an existing directory, along with what is stored. */
  prepare(project: string): void;
  /** The directory that is stored, relative to the project. */
  readonly stored: string;
  readonly steps: readonly Step[];
  readonly env?: Readonly<Record<string, string>>;
  readonly storeOptions?: readonly string[];
  readonly restoreOptions?: readonly string[];
  /** Removes what differs between any two runs, such as durations, from what a command prints. */
  readonly withoutTimes?: (output: string) => string;
  /** Files, relative to the project, whose contents or names differ between any two runs. */
  readonly random?: RegExp;
}

/** A command, which may fail, or something that a person does, in one of the checkouts. */
interface Step {
  readonly at: "a" | "b";
  readonly run?: readonly string[];
  readonly edit?: (checkout: string) => void;
}

export interface Outcome {
  /** What the commands answered, in order. */
  readonly answers: readonly Answer[];
  /** What steps changed in the other checkout. */
  readonly intrusions: readonly string[];
  /** Both checkouts at the end, without times. */
  readonly trees: Readonly<Record<"a" | "b", Snapshot>>;
  /** Files that were one inode in both, before the first step; relative to the project. */
  readonly shared: readonly string[];
}

interface Answer {
  readonly command: string;
  readonly exitCode: number;
  readonly output: string;
}

const KEY = "key";
/** As deep as the checkouts, since some tools record relative paths out of the project. */
const ORIGIN = ["origin", "o"];

/** Plays a trial with copies and with restored trees; expects the same, and the entry as it was stored. */
export async function expectLikeCopies(scratch: Scratch, trial: Trial): Promise<Outcome> {
  prepare(scratch, trial);
  const control = playCopied(scratch, trial);
  expect(control.intrusions).toEqual([]);
  const outcome = await playRestored(scratch, trial);
  expect(outcome.intrusions).toEqual([]);
  expect(outcome.answers).toEqual(control.answers);
  expect(differences(control.trees.a, outcome.trees.a)).toEqual([]);
  expect(differences(control.trees.b, outcome.trees.b)).toEqual([]);
  expectAgain(scratch, trial);
  return outcome;
}

/** Plays a trial with everything linked, to show what it would find. */
export async function playLinked(
  scratch: Scratch,
  trial: Trial,
): Promise<Record<"control" | "linked", Outcome>> {
  prepare(scratch, trial);
  const control = playCopied(scratch, trial);
  const options = ["--link", "hard"];
  const linked = await playRestored(scratch, { ...trial, storeOptions: options, restoreOptions: options });
  return { control, linked };
}

function prepare(scratch: Scratch, trial: Trial): void {
  trial.prepare(scratch.directory(...ORIGIN));
}

function playCopied(scratch: Scratch, trial: Trial): Outcome {
  const checkouts = makeCheckouts(scratch);
  for (const at of ["a", "b"] as const) must(["cp", "-a", scratch.path(...ORIGIN), checkouts[at]]);
  return play(trial, checkouts);
}

/** Stores from the origin, and restores into both checkouts at once. */
async function playRestored(scratch: Scratch, trial: Trial): Promise<Outcome> {
  const checkouts = makeCheckouts(scratch);
  const origin = scratch.path(...ORIGIN);
  const cache = scratch.directory("cache");
  const before = snapshotTree(join(origin, trial.stored));
  for (const at of ["a", "b"] as const) {
    must(["cp", "-a", origin, checkouts[at]]);
    rmSync(join(checkouts[at], trial.stored), { recursive: true });
  }
  const stored = btdt(["store", "-c", cache, "-k", KEY, ...(trial.storeOptions ?? []), trial.stored], {
    cwd: origin,
  });
  expect(stored).toMatchObject({ exitCode: 0 });
  const started = (["a", "b"] as const).map((at) =>
    startBtdt(restoreWords(scratch, trial), { cwd: checkouts[at] }),
  );
  for (const restored of await Promise.all(started.map(finishedOf)))
    expect(restored).toMatchObject({ exitCode: 0 });
  for (const at of ["a", "b"] as const) {
    const restored = snapshotTree(join(checkouts[at], trial.stored));
    expect(differences(before, restored)).toEqual([]);
  }
  return play(trial, checkouts);
}

/** Whatever the tools did: the entry is a hit, and what was stored. */
function expectAgain(scratch: Scratch, trial: Trial): void {
  const again = scratch.directory("again");
  // The origin itself may share inodes with the cache, but no tool has worked there since.
  const before = snapshotTree(scratch.path(...ORIGIN, trial.stored));
  expect(btdt(restoreWords(scratch, trial), { cwd: again })).toMatchObject({ exitCode: 0 });
  expect(differences(before, snapshotTree(join(again, trial.stored)))).toEqual([]);
}

function restoreWords(scratch: Scratch, trial: Trial): string[] {
  return ["restore", "-c", scratch.path("cache"), "-k", KEY, ...(trial.restoreOptions ?? []), trial.stored];
}

/** Both ways are played in the same places, since some tools record absolute paths. */
function makeCheckouts(scratch: Scratch): Record<"a" | "b", string> {
  const work = scratch.path("work");
  run(["chmod", "-R", "u+w", work]);
  rmSync(work, { recursive: true, force: true });
  scratch.directory("work");
  return { a: join(work, "a"), b: join(work, "b") };
}

function play(trial: Trial, checkouts: Record<"a" | "b", string>): Outcome {
  const answers: Answer[] = [];
  const intrusions: string[] = [];
  const shared = sharedFiles(checkouts.a, checkouts.b);
  for (const [index, step] of trial.steps.entries()) {
    const other = step.at === "a" ? "b" : "a";
    const before = snapshotTree(checkouts[other]);
    step.edit?.(checkouts[step.at]);
    if (step.run !== undefined) answers.push(answer(trial, step, checkouts[step.at]));
    const changes = differences(before, snapshotTree(checkouts[other]));
    intrusions.push(...changes.map((line) => `step ${index + 1}, in ${other}: ${line}`));
  }
  const tree = (at: "a" | "b") => comparableTree(checkouts[at], trial);
  return { answers, intrusions, trees: { a: tree("a"), b: tree("b") }, shared };
}

function answer(trial: Trial, step: Step, cwd: string): Answer {
  const words = step.run ?? [];
  const finished: Finished = run(words, { cwd, ...(trial.env === undefined ? {} : { env: trial.env }) });
  const output = finished.stdout + finished.stderr;
  return {
    command: `${step.at}: ${words.join(" ")}`,
    exitCode: finished.exitCode,
    output: trial.withoutTimes?.(output) ?? output,
  };
}

function comparableTree(checkout: string, { random }: Trial): Snapshot {
  const snapshot = snapshotTree(checkout, { withMtime: false });
  if (random === undefined) return snapshot;
  return new Map([...snapshot].filter(([path]) => !random.test(path)));
}

function sharedFiles(left: string, right: string): string[] {
  const paths = [...snapshotTree(left).keys()];
  return paths.filter((path) => isShared(join(left, path), join(right, path)));
}

function isShared(left: string, right: string): boolean {
  const one = lstatSync(left);
  const other = lstatSync(right, { throwIfNoEntry: false });
  return one.isFile() && other !== undefined && one.dev === other.dev && one.ino === other.ino;
}

/** Writes the files of a project; a name may have directories. */
export function writeFiles(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(directory, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
}
