import { appendFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { snapshotTree } from "../../support/compare-trees.ts";
import { BTDT, must } from "../../support/executable.ts";
import { treeOf } from "../base.ts";
import { checkExistingDestination, checkNewDestination } from "../destinations.ts";
import type { Place } from "../place.ts";
import type { Scenario } from "../scenario.ts";

function restore(name: string, keys: string, tree: string, ...options: string[]): Scenario {
  const exitCode = keys.includes(",") ? 3 : 0;
  return {
    name: `restore ${name}`,
    words: (place) => ["restore", "-c", place.cache, "-k", keys, ...options, place.destination],
    exitCode,
    check: (place, finished, base) =>
      checkNewDestination(place.destination, treeOf(base, tree), finished.exitCode === exitCode),
  };
}

/** An older version of the tree, with a file of its own. */
function makeExisting(place: Place): void {
  must(["cp", "-a", place.tree("small"), place.destination]);
  appendFileSync(join(place.destination, "script"), "# older\n");
  rmSync(join(place.destination, "sub", "private"));
  writeFileSync(join(place.destination, "own"), "not of the entry");
}

function merge(name: string, ...options: string[]): Scenario {
  return {
    name: `restore ${name}`,
    prepare: makeExisting,
    words: (place) => ["restore", "-c", place.cache, "-k", "linked", ...options, place.destination],
    exitCode: 0,
    check: (place, finished, base, original) => {
      const before = snapshotTree(original.destination);
      const expected = new Map(treeOf(base, "small"));
      const own = before.get("own");
      if (!options.includes("--exact") && own !== undefined) expected.set("own", own);
      return checkExistingDestination(place.destination, before, expected, finished.exitCode === 0);
    },
  };
}

const restoreTwo: Scenario = {
  name: "restore two paths",
  prepare: (place) => {
    const trees = [place.tree("small"), place.tree("many")];
    must([BTDT, "store", "-q", "-c", place.cache, "-k", "two", ...trees]);
    mkdirSync(place.destination);
  },
  words: (place) => {
    const destinations = ["small", "many"].map((name) => join(place.destination, name));
    return ["restore", "-c", place.cache, "-k", "two", ...destinations];
  },
  exitCode: 0,
  check: (place, finished, base) =>
    ["small", "many"].flatMap((name) => {
      const path = join(place.destination, name);
      // Whatever was moved into place before another one failed is complete.
      return checkNewDestination(path, treeOf(base, name), finished.exitCode === 0 || existsSync(path));
    }),
};

export const restoreScenarios: readonly Scenario[] = [
  restore("linked", "linked", "small", "--link", "hard"),
  restore("by class", "linked", "small"),
  restore("copied", "linked", "small", "--link", "copy"),
  restore("verified", "linked", "small", "--verify"),
  restore("from packs", "packed-1", "many"),
  restore("from packs, copied", "packed-2", "changed", "--link", "copy"),
  restore("a fallback key", "missing,linked", "small"),
  merge("into a directory"),
  merge("exactly", "--exact"),
  restoreTwo,
];
