import { assertGiven } from "../base/assert-given.ts";
import { type ByteString, bytesFromText, escapeControls } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { findPathOverlap } from "../base/path-overlap.ts";
import { simplifyPath } from "../base/simplify-path.ts";
import type { KeyRecord, StoredTree } from "../key/key-record.ts";
import { recordablePath } from "../key/recorded-path.ts";
import { type Destination, examineDestination } from "./destination.ts";
import { examineRecordedDestination } from "./recorded-destination.ts";

/** Where to restore the trees of an entry. */
export type RestorePlaces =
  /** Where they were stored from, relative to the working directory. */
  | { readonly kind: "recorded" }
  /** In the order of the trees. */
  | { readonly kind: "named"; readonly paths: Paths }
  /**
   * What a command produces, and will be stored from there: parent directories may be missing, trees with the same
   * paths in another order are matched by path, and an entry with another number of trees does not count.
   */
  | { readonly kind: "produced"; readonly paths: Paths };

type Paths = readonly [string, ...string[]];

export interface Place {
  /** As given by the user, or recorded. */
  readonly name: string;
  readonly destination: Destination;
}

/** The place of each of an entry's trees; a mismatch contains the error if the entry does not fit. */
type AssignedPlaces =
  | { readonly kind: "found"; readonly places: readonly Place[] }
  | { readonly kind: "mismatch"; readonly error: BtdtError };

/**
 * Examines the places given by the user, before any key is looked up.
 * @throws BtdtError like `examineDestination`, and USAGE if they overlap
 */
export function examineNamedPlaces(places: RestorePlaces, cacheRoot: ByteString): readonly Place[] {
  switch (places.kind) {
    case "recorded":
      return [];
    case "named":
      return examineAll(places.paths, cacheRoot, "existing");
    case "produced":
      return examineAll(places.paths, cacheRoot, "made");
  }
}

/**
 * Assigns a place to each of an entry's trees.
 * @param named the result of `examineNamedPlaces`
 * @throws BtdtError like `examineRecordedDestination`
 */
export function assignPlaces(
  record: KeyRecord,
  places: RestorePlaces,
  named: readonly Place[],
  cacheRoot: ByteString,
): AssignedPlaces {
  if (places.kind === "recorded") return assignRecordedPlaces(record, cacheRoot);
  if (named.length !== record.trees.length) return mismatchInNumber(record, named);
  const isByName = places.kind === "produced";
  return { kind: "found", places: (isByName ? matchByName(record, named) : undefined) ?? named };
}

/**
 * Finds mistakes that show without looking at the file system.
 * @param name what the help calls them
 * @throws BtdtError USAGE
 */
export function checkPaths(paths: Paths, name: string): void {
  for (const path of paths) assertGiven(path, name);
  const texts = paths.map((path) => withoutEndSlash(simplifyPath(path)));
  assertApart(paths, texts);
}

function withoutEndSlash(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

function examineAll(paths: Paths, cacheRoot: ByteString, parents: "existing" | "made"): Place[] {
  // First, because a missing outer directory is not the actual mistake.
  checkPaths(paths, parents === "made" ? "PATH" : "DESTINATION");
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

function assignRecordedPlaces(record: KeyRecord, cacheRoot: ByteString): AssignedPlaces {
  const { trees } = record;
  const names = trees.flatMap(({ path }) => (path === undefined ? [] : [path]));
  if (names.length === trees.length) {
    const places = names.map((name) => ({ name, destination: examineRecordedDestination(name, cacheRoot) }));
    return { kind: "found", places };
  }
  const entry = `the entry of key ${escapeControls(record.key)}`;
  return {
    kind: "mismatch",
    error: new BtdtError("USAGE", `${entry} has no recorded destination: it has ${describePaths(trees)}`, {
      hint: `give ${destinations(trees.length)}: only paths within the working directory are recorded`,
    }),
  };
}

function matchByName(record: KeyRecord, named: readonly Place[]): Place[] | undefined {
  const byName = new Map(named.map((place) => [recordablePath(place.name), place]));
  const places = record.trees.flatMap(({ path }) => (path === undefined ? [] : (byName.get(path) ?? [])));
  return places.length === named.length ? places : undefined;
}

function mismatchInNumber({ key, trees }: KeyRecord, named: readonly Place[]): AssignedPlaces {
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
