import { must } from "../../support/executable.ts";
import type { Place } from "../place.ts";
import type { Scenario } from "../scenario.ts";

function store(name: string, key: string, tree: string, ...options: string[]): Scenario {
  return {
    name: `store ${name}`,
    words: (place) => ["store", "-c", place.cache, "-k", key, ...options, place.tree(tree)],
    exitCode: 0,
    stores: new Map([[key, tree]]),
  };
}

const archiveIn = (place: Place, name: string): string => place.tree(`../${name}`);

function importArchive(name: string, pack: (place: Place) => readonly string[]): Scenario {
  return {
    name: `import ${name}`,
    prepare: (place) => {
      must(pack(place), { cwd: place.tree("fresh") });
    },
    words: (place) => ["import", "-c", place.cache, "-k", "imported", archiveIn(place, name)],
    exitCode: 0,
    stores: new Map([["imported", "fresh"]]),
  };
}

export const storeScenarios: readonly Scenario[] = [
  store("as objects", "new", "fresh", "--storage", "objects"),
  store("copied objects", "new", "fresh", "--storage", "objects", "--link", "copy"),
  store("linked objects", "new", "fresh", "--storage", "objects", "--link", "hard"),
  store("as packs", "new", "fresh", "--storage", "packs"),
  store("a delta", "packed-3", "changed", "--storage", "packs"),
  store("in place of another entry", "linked", "fresh", "--storage", "objects"),
  store("what is there already", "again", "small", "--storage", "objects"),
  store("without a flush", "new", "fresh", "--storage", "objects", "--durability", "none"),
  {
    ...store("two paths", "two", "fresh"),
    words: (place) => ["store", "-c", place.cache, "-k", "two", place.tree("fresh"), place.tree("many")],
    // An entry of two paths is no tree of the base.
    stores: new Map(),
  },
  importArchive("a.tar", (place) => ["tar", "--format=posix", "-cf", archiveIn(place, "a.tar"), "."]),
  importArchive("a.tar.gz", (place) => ["tar", "--format=posix", "-czf", archiveIn(place, "a.tar.gz"), "."]),
];
