import { posix } from "node:path";
import { type ByteString, bytesFromText, escapeControls } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { findPathOverlap } from "../base/path-overlap.ts";
import type { KeyRecord, StoredTree } from "../key/key-file.ts";
import { recordablePath } from "../key/recorded-path.ts";
import { type Destination, examineDestination } from "./destination.ts";
import { examineRecordedDestination } from "./recorded-destination.ts";

/** Where the trees of an entry are to be. */
export type RestorePlaces =
  /** Where they were, relative to the working directory. */
  | { readonly kind: "recorded" }
  /** In the order of the trees. */
  | { readonly kind: "named"; readonly paths: Paths }
  /**
   * What a command makes, and is going to be stored from there: directories on the way may be missing, trees of the same paths in another
   * order get their own, and an entry with another number of trees is none.
   */
  | { readonly kind: "produced"; readonly paths: Paths };

type Paths = readonly [string, ...string[]];

export interface Place {
  /** As it was named. */
  readonly name: string;
  readonly destination: Destination;
}

/** Finds the place of each of an entry's trees; a mismatch is what the user is told when the entry does not fit. */
export type PlaceFinder = (
  record: KeyRecord,
) =>
  | { readonly kind: "found"; readonly places: readonly Place[] }
  | { readonly kind: "mismatch"; readonly error: BtdtError };

/** Places that are named are looked at here and now, the others when an entry is known. @throws BtdtError */
export function placeFinder(places: RestorePlaces, cacheRoot: ByteString): PlaceFinder {
  switch (places.kind) {
    case "recorded":
      return (record) => recordedPlaces(record, cacheRoot);
    case "named": {
      const named = examineAll(places.paths, cacheRoot, "existing");
      return (record) => (named.length === record.trees.length ? found(named) : otherNumber(record, named));
    }
    case "produced": {
      const named = examineAll(places.paths, cacheRoot, "made");
      return (record) =>
        named.length === record.trees.length
          ? found(placesOfSameName(record, named) ?? named)
          : otherNumber(record, named);
    }
  }
}

function found(places: readonly Place[]): ReturnType<PlaceFinder> {
  return { kind: "found", places };
}

function examineAll(paths: Paths, cacheRoot: ByteString, parents: "existing" | "made"): Place[] {
  // By their text first, because an outer one that does not exist yet is not the mistake.
  const texts = paths.map((path) => posix.normalize(path).replace(/(?<=.)\/$/, ""));
  if (!paths.includes("")) assertApart(paths, texts);
  const places = paths.map((name) => {
    return { name, destination: examineDestination(bytesFromText(name), cacheRoot, parents) };
  });
  assertApart(
    paths,
    places.map(({ destination }) => destination.path),
  );
  return places;
}

function assertApart(names: Paths, paths: readonly string[]): void {
  const overlap = findPathOverlap(paths);
  if (overlap === undefined) return;
  const { inner, outer } = overlap;
  const [innerName, outerName] = [inner, outer].map((index) => escapeControls(names[index] ?? ""));
  throw new BtdtError(
    "USAGE",
    paths[inner] === paths[outer] ? `${innerName} is given twice` : `${innerName} lies inside ${outerName}`,
    { hint: "the paths of an entry must not overlap" },
  );
}

function recordedPlaces(record: KeyRecord, cacheRoot: ByteString): ReturnType<PlaceFinder> {
  const { trees } = record;
  const names = trees.flatMap(({ path }) => (path === undefined ? [] : [path]));
  if (names.length === trees.length) {
    return found(names.map((name) => ({ name, destination: examineRecordedDestination(name, cacheRoot) })));
  }
  const entry = `the entry of key ${escapeControls(record.key)}`;
  return {
    kind: "mismatch",
    error: new BtdtError("USAGE", `${entry} has no recorded destination: it has ${describePaths(trees)}`, {
      hint: `give ${destinations(trees.length)}: only paths within the working directory are recorded`,
    }),
  };
}

function placesOfSameName(record: KeyRecord, named: readonly Place[]): Place[] | undefined {
  const byName = new Map(named.map((place) => [recordablePath(place.name), place]));
  const places = record.trees.flatMap(({ path }) => (path === undefined ? [] : (byName.get(path) ?? [])));
  return places.length === named.length ? places : undefined;
}

function otherNumber({ key, trees }: KeyRecord, named: readonly Place[]): ReturnType<PlaceFinder> {
  const given = `${named.length} ${named.length === 1 ? "was" : "were"} given`;
  const isRecorded = trees.every(({ path }) => path !== undefined);
  return {
    kind: "mismatch",
    error: new BtdtError(
      "USAGE",
      `the entry of key ${escapeControls(key)} has ${describePaths(trees)}, but ${given}`,
      {
        hint: `give ${destinations(trees.length)}${isRecorded ? ", or none to restore all of them to where they were stored from" : ""}`,
      },
    ),
  };
}

function destinations(count: number): string {
  return `${count} ${count === 1 ? "destination" : "destinations"}`;
}

/** `2 paths (node_modules, .next/cache)`. */
function describePaths(trees: readonly StoredTree[]): string {
  const names = trees.map(({ path }) => (path === undefined ? "not recorded" : escapeControls(path)));
  return `${trees.length} ${trees.length === 1 ? "path" : "paths"} (${names.join(", ")})`;
}
