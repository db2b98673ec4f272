import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { differences, type Snapshot, snapshotTree } from "../support/compare-trees.ts";
import type { Finished } from "../support/executable.ts";
import { type Base, treeOf } from "./base.ts";
import { findStaging } from "./destinations.ts";
import type { Place } from "./place.ts";
import type { Scenario } from "./scenario.ts";
import { runPlainly } from "./traced-run.ts";

const MISSED = 4;
const CONTRACT = new Set([0, 1, 3, MISSED]);
/** Words that only an unforeseen failure would print. */
const INTERNAL = /INTERNAL|bug in btdt|mistake in btdt|\$bunfs|TypeError|RangeError|ReferenceError|^ +at /m;

/** The command of `run` may fail, too; what `verify` finds, it prints. */
const EXPLAINED = /^btdt: (?:error: .|warning: .|the command ended with)/m;

/** What is wrong with the way a command ended, whatever failed. */
export function checkEnd({ exitCode, stderr }: Finished): string[] {
  const problems: string[] = [];
  if (!CONTRACT.has(exitCode)) problems.push(`exit code ${exitCode}`);
  if (INTERNAL.test(stderr)) problems.push("an internal error");
  if (exitCode === 1 && !EXPLAINED.test(stderr)) problems.push("exit code 1 without an error");
  return problems;
}

/** Nothing has changed what commands read. */
export function checkSources(place: Place, base: Base): string[] {
  return [...base.snapshots].flatMap(([name, snapshot]) =>
    differences(snapshot, snapshotTree(place.tree(name))).map((line) => `source ${name}: ${line}`),
  );
}

/** Restores a key without faults; undefined for a miss. */
async function restoreKey(
  place: Place,
  key: string,
  processor: number,
): Promise<Snapshot | string | undefined> {
  const destination = join(place.destinations, "examined");
  const words = ["restore", "-c", place.cache, "-k", key, destination];
  const { exitCode, stderr } = await runPlainly({ place, words, outputFile: undefined, processor });
  if (exitCode === MISSED) return undefined;
  if (exitCode !== 0) return `exit code ${exitCode}: ${stderr}`;
  const snapshot = snapshotTree(destination);
  rmSync(destination, { recursive: true });
  return snapshot;
}

/** Each key restores one of the trees that it may have; `undefined` among them allows a miss. */
export async function checkKeys(place: Place, promises: Promises, processor: number): Promise<string[]> {
  const problems: string[] = [];
  for (const [key, allowed] of promises) {
    const restored = await restoreKey(place, key, processor);
    if (typeof restored === "string") problems.push(`key ${key}: ${restored}`);
    else if (restored === undefined) {
      if (!allowed.includes(undefined)) problems.push(`key ${key} is lost`);
    } else if (!allowed.some((tree) => tree !== undefined && differences(tree, restored).length === 0)) {
      const [tree = new Map<string, string>()] = allowed;
      problems.push(`key ${key} restores a wrong tree: ${differences(tree, restored).join("; ")}`);
    }
  }
  return problems;
}

/**
 * What the keys that a command stores or removes may restore afterwards, whether it succeeded or failed. Restoring a
 * key counts as using it, so one that is to be evicted for its age is left alone until then.
 */
export function promisesAfter(scenario: Scenario, base: Base, isDone: boolean): Promises {
  const touched = new Set([
    ...(scenario.stores?.keys() ?? []),
    ...((isDone && scenario.removes?.keys()) || []),
  ]);
  return new Map([...promisesOf(scenario, base, isDone)].filter(([key]) => touched.has(key)));
}

type Promises = ReadonlyMap<string, readonly (Snapshot | undefined)[]>;

/** The same for all keys. */
export function promisesOf(scenario: Scenario, base: Base, isDone: boolean): Promises {
  const promises = new Map<string, (Snapshot | undefined)[]>();
  for (const [key, tree] of base.keys) promises.set(key, [treeOf(base, tree)]);
  for (const [key, tree] of scenario.stores ?? []) {
    const before = isDone ? [] : (promises.get(key) ?? [undefined]);
    promises.set(key, [treeOf(base, tree), ...before]);
  }
  for (const [key, tree] of scenario.repairs ?? []) promises.set(key, [treeOf(base, tree)]);
  for (const [key, tree] of scenario.removes ?? []) {
    promises.set(key, isDone ? [undefined] : [treeOf(base, tree), undefined]);
  }
  return promises;
}

/** Nothing of a dead process is left, in the cache or next to destinations. */
export function checkLeftOver(place: Place): string[] {
  const sessions = join(place.cache, "btdt-v1", "sessions");
  const names = existsSync(sessions) ? readdirSync(sessions) : [];
  return [
    ...names.map((name) => `session ${name} is left`),
    ...findStaging(place.destinations),
    ...findStaging(place.destination),
  ];
}

/** Must succeed. */
export async function cleanCache(place: Place, processor: number): Promise<string[]> {
  const words = ["clean", "-q", "-c", place.cache];
  const { exitCode, stderr } = await runPlainly({ place, words, outputFile: undefined, processor });
  return exitCode === 0 && stderr === "" ? [] : [`a clean afterwards ends with ${exitCode}: ${stderr}`];
}
