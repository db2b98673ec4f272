import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BTDT, must } from "../../support/executable.ts";
import { treeOf } from "../base.ts";
import { checkNewDestination } from "../destinations.ts";
import type { Place } from "../place.ts";
import type { Scenario } from "../scenario.ts";

/** Enough for threads, in more directories than one job takes. */
const DIRECTORY_COUNT = 40;
const FILES_PER_DIRECTORY = 60;
/** Several chunks, for several threads. */
const LARGE_BYTES = 13_000_000;

function makeCrowd(place: Place): void {
  for (let directory = 0; directory < DIRECTORY_COUNT; directory++) {
    const path = join(place.tree("crowd"), String(directory));
    mkdirSync(path, { recursive: true });
    for (let file = 0; file < FILES_PER_DIRECTORY; file++) {
      writeFileSync(join(path, String(file)), `${directory} ${file}\n`.repeat(30));
    }
  }
  writeFileSync(join(place.tree("crowd"), "large"), Buffer.alloc(LARGE_BYTES, "crowd"));
}

function store(storage: string): Scenario {
  return {
    name: `store a crowd as ${storage}`,
    prepare: makeCrowd,
    trees: ["crowd"],
    usesThreads: true,
    words: (place) => ["store", "-c", place.cache, "-k", "crowd", "--storage", storage, place.tree("crowd")],
    exitCode: 0,
    stores: new Map([["crowd", "crowd"]]),
  };
}

function restore(storage: string, ...options: string[]): Scenario {
  return {
    name: ["restore a crowd from", storage, ...options].join(" "),
    prepare: (place) => {
      makeCrowd(place);
      const words = ["store", "-q", "-c", place.cache, "-k", "crowd", "--storage", storage];
      must([BTDT, ...words, place.tree("crowd")]);
    },
    trees: ["crowd"],
    keys: new Map([["crowd", "crowd"]]),
    usesThreads: true,
    words: (place) => ["restore", "-c", place.cache, "-k", "crowd", ...options, place.destination],
    exitCode: 0,
    check: (place, finished, base) =>
      checkNewDestination(place.destination, treeOf(base, "crowd"), finished.exitCode === 0),
  };
}

/** Work of several threads at once, where a fault may be one of several at the same time. */
export const crowdScenarios: readonly Scenario[] = [
  store("objects"),
  store("packs"),
  restore("objects"),
  restore("packs"),
  restore("packs", "--link", "copy"),
  restore("objects", "--link", "copy"),
];
