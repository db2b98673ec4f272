import { isBtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { touchKeyFile } from "../cache/key-files.ts";
import { Session } from "../cache/session.ts";
import { damageWarning, type FoundEntry, type FoundTree, findEntry } from "../entry/find-entry.ts";
import { countsOf, isSameRecord } from "../key/key-file.ts";
import type { Runtime } from "../work/runtime.ts";
import { candidateKeys } from "./candidate-keys.ts";
import { placeEntry, type TreeToPlace } from "./place-entry.ts";
import { type Place, placeFinder } from "./places.ts";
import type { RestoreRequest, RestoreResult } from "./request.ts";

/** Threads come up in about the time in which one places so many files. */
const WORTH_THREADS_FILES = 1500;

const MISSED: RestoreResult = { kind: "missed" };

/**
 * Restores the first of the keys whose entry is there and whole. A damaged entry is warned about and passed over; nothing of it
 * reaches a destination. So is one that was not asked for by its name and has not as many trees as there are destinations.
 * @throws BtdtError
 */
export async function restoreEntry(request: RestoreRequest, runtime: Runtime): Promise<RestoreResult> {
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
      runtime.onWarning(`${found.error.message}; it counts as a miss`);
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
