import { linkSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Snapshot, snapshotTree } from "../support/compare-trees.ts";
import { BTDT, must } from "../support/executable.ts";
import type { Place } from "./place.ts";

/** The trees of a place before anything fails, and the keys in its cache. */
export interface Base {
  readonly snapshots: ReadonlyMap<string, Snapshot>;
  /** Each key, with the tree that was stored under it. */
  readonly keys: ReadonlyMap<string, string>;
}

/** More than one chunk, so that it is hashed in parts and has a chunk list. */
const LARGE_BYTES = 4 * 1024 * 1024 + 100_000;
/** Enough for a change of one file to be a small part of the manifest. */
const MANY_FILES = 90;
const STORED_AT = new Date("2024-02-03T04:05:06.789Z");

const KEYS: ReadonlyMap<string, readonly [tree: string, storage: "objects" | "packs"]> = new Map([
  ["linked", ["small", "objects"]],
  ["packed-1", ["many", "packs"]],
  // Similar enough to the other for a delta.
  ["packed-2", ["changed", "packs"]],
]);

/** Fills a place with every kind of file, object, pack and manifest. */
export function makeBase(place: Place): Base {
  makeSmallTree(place.tree("small"), "small");
  makeSmallTree(place.tree("fresh"), "fresh");
  writeFileSync(join(place.tree("fresh"), "large"), makeBytes(LARGE_BYTES, 5));
  makeManyFiles(place.tree("many"));
  must(["cp", "-a", place.tree("many"), place.tree("changed")]);
  writeFileSync(join(place.tree("changed"), "0", "0"), "changed");
  for (const [key, [tree, storage]] of KEYS) {
    must([BTDT, "store", "-q", "-c", place.cache, "-k", key, "--storage", storage, place.tree(tree)]);
  }
  const snapshots = new Map(
    ["small", "fresh", "many", "changed"].map((name) => [name, snapshotTree(place.tree(name))]),
  );
  return { snapshots, keys: new Map([...KEYS].map(([key, [tree]]) => [key, tree])) };
}

function makeSmallTree(path: string, seed: string): void {
  mkdirSync(join(path, "sub", "empty"), { recursive: true });
  writeFileSync(join(path, "script"), `#!/bin/sh\necho ${seed}\n`, { mode: 0o755 });
  writeFileSync(join(path, "nothing"), "");
  writeFileSync(join(path, "sub", "text"), `${seed}\n`.repeat(500));
  writeFileSync(join(path, "sub", "private"), seed, { mode: 0o600 });
  linkSync(join(path, "sub", "text"), join(path, "sub", "twin"));
  symlinkSync("sub/text", join(path, "symlink"));
  utimesSync(join(path, "sub", "private"), STORED_AT, STORED_AT);
}

function makeManyFiles(path: string): void {
  for (let file = 0; file < MANY_FILES; file++) {
    const directory = join(path, String(file % 3));
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, String(file)), `content of file ${file}\n`.repeat(20));
  }
  writeFileSync(join(path, "large"), makeBytes(LARGE_BYTES, 3));
}

/** Neither zeros nor highly compressible. */
function makeBytes(sizeBytes: number, seed: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(sizeBytes / 4));
  let state = 2_654_435_761 * seed;
  for (let index = 0; index < words.length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    words[index] = state & 0x0f0f_ffff;
  }
  return new Uint8Array(words.buffer, 0, sizeBytes);
}

/** @throws for a tree that the base does not have */
export function treeOf({ snapshots }: Base, name: string): Snapshot {
  const snapshot = snapshots.get(name);
  if (snapshot === undefined) throw new Error(`the base has no tree "${name}"`);
  return snapshot;
}
