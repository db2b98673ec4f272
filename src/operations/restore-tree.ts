import type { CacheDirectory } from "../backends/cache-directory.ts";
import { touchKeyFile } from "../backends/key-files.ts";
import { Session } from "../backends/session.ts";
import { isBtdtError } from "../base/errors.ts";
import type { LinkMode, Placement } from "../fs/place-file.ts";
import { countsOf, isSameRecord, type StoredTree } from "../key/key-file.ts";
import { candidateKeys } from "./candidate-keys.ts";
import { damageWarning, type FoundEntry, type FoundTree, findEntry } from "./find-entry.ts";
import { placeEntry, type TreeToPlace } from "./place-entry.ts";
import { type Place, placeFinder, type RestorePlaces } from "./restore-places.ts";
import type { Runtime } from "./runtime.ts";

/** Threads come up in about the time in which one places so many files. */
const WORTH_THREADS_FILES = 1500;

export interface RestoreRequest {
  readonly cache: CacheDirectory;
  /** Tried in this order; the first one is the primary key. */
  readonly keys: readonly [string, ...string[]];
  /** Tried after all keys: any key that begins like this, the one stored last first. */
  readonly fallbackPrefixes: readonly string[];
  readonly places: RestorePlaces;
  readonly linkMode: LinkMode;
  /** Remove what the entry does not have. */
  readonly exact: boolean;
}

export type RestoreResult =
  | {
      readonly kind: "restored";
      readonly key: string;
      readonly isPrimary: boolean;
      readonly fileCount: number;
      readonly contentBytes: number;
      readonly trees: readonly StoredTree[];
      /** As they were named or recorded, one for each tree. */
      readonly destinations: readonly string[];
      /** What was done for each file; `unchanged` ones were at the destination already. */
      readonly fileCounts: Record<Placement | "unpacked" | "unchanged", number>;
    }
  | { readonly kind: "missed" };

const MISSED: RestoreResult = { kind: "missed" };

/**
 * Restores the first of the keys whose entry is there and whole. A damaged entry is warned about and passed over; nothing of it
 * reaches a destination. So is one that was not asked for by its name and has not as many trees as there are destinations.
 * @throws BtdtError
 */
export async function restoreTree(request: RestoreRequest, runtime: Runtime): Promise<RestoreResult> {
  const { cache } = request;
  const findPlaces = placeFinder(request.places, cache.root);
  const session = openSessionIfWritable(cache);
  try {
    for (const key of candidateKeys(request)) {
      const result = await restoreKey(key, { request, findPlaces, session }, runtime);
      if (result.kind === "restored") return result;
    }
    return MISSED;
  } finally {
    runtime.progress.end();
    session?.close();
  }
}

interface Restoring {
  readonly request: RestoreRequest;
  readonly findPlaces: ReturnType<typeof placeFinder>;
  readonly session: Session | undefined;
}

async function restoreKey(
  key: string,
  { request, findPlaces, session }: Restoring,
  runtime: Runtime,
): Promise<RestoreResult> {
  const { cache } = request;
  const find = (): FoundEntry =>
    findEntry(cache, key, ({ trees }) => {
      if (countsOf(trees).fileCount > WORTH_THREADS_FILES) runtime.runners.pool.start();
    });
  for (let entry = find(); ; ) {
    switch (entry.kind) {
      case "missing":
        return MISSED;
      case "damaged":
        runtime.onWarning(damageWarning(key, entry.reason));
        return MISSED;
      case "found":
        break;
    }
    const found = findPlaces(entry.record);
    if (found.kind === "mismatch") {
      if (request.places.kind !== "produced" && request.keys.includes(key)) throw found.error;
      runtime.onWarning(`${found.error.message}; it counts as missing`);
      return MISSED;
    }
    // First of all, so that a clean that runs beside takes this entry for the one used last.
    touchKeyFile(cache, entry.keyFileName);
    const placed = await placeEntry(request, placedTrees(entry.trees, found.places), session, runtime);
    if (placed.kind === "placed") {
      return {
        kind: "restored",
        key,
        isPrimary: key === request.keys[0],
        ...countsOf(entry.record.trees),
        trees: entry.record.trees,
        destinations: found.places.map(({ name }) => name),
        fileCounts: placed.fileCounts,
      };
    }
    // A clean removes a key before its contents: then this was an ordinary miss. It does so, too, with
    // the contents of an entry that a store has replaced: then the new one is wanted.
    const now = find();
    if (now.kind === "found" && isSameRecord(now.record, entry.record)) {
      runtime.onWarning(damageWarning(key, placed.reason));
      return MISSED;
    }
    entry = now;
  }
}

/** A session lets a restore mend objects. Without one, in a cache that may only be read, it does without. */
function openSessionIfWritable(cache: CacheDirectory): Session | undefined {
  if (!cache.isPrepared()) return undefined;
  try {
    return Session.open(cache);
  } catch (error) {
    if (isBtdtError(error, "CACHE_WRITE_FAILED")) return undefined;
    throw error;
  }
}

function placedTrees(trees: readonly FoundTree[], places: readonly Place[]): TreeToPlace[] {
  return trees.flatMap((tree, index) => {
    const place = places[index];
    return place === undefined ? [] : [{ ...tree, destination: place.destination }];
  });
}
