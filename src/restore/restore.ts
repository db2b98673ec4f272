/**
 * Restores the trees of an entry. `restore.ts` picks the key, `places.ts` decides where its trees go, and
 * `place-entry.ts` places all of them or none: each is built aside from objects and packs (`build-tree.ts`), and
 * moved into place only when it is complete, by one rename (`new-destination.ts`) or file by file
 * (`existing-destination.ts`).
 */
import { parentOf } from "../base/byte-string.ts";
import { isBtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { countRestore } from "../cache/restore-counts.ts";
import { Session } from "../cache/session.ts";
import { flushIfCheap } from "../durability/flush.ts";
import { Suspects } from "../durability/suspects.ts";
import { listOwnMarks } from "../durability/unflushed-marks.ts";
import { damageWarning, type UnusableKey } from "../entry/find-entry.ts";
import { findLinkObstacle, type LinkObstacle } from "../fs/link-obstacle.ts";
import { countsOf, isSameRecord } from "../key/key-file.ts";
import type { Runtime } from "../work/runtime.ts";
import { describeTargets } from "./describe-targets.ts";
import { type EntrySource, openDirectorySource, type SourcedEntry } from "./entry-source.ts";
import { placeEntry } from "./place-entry.ts";
import { assignPlaces, examineNamedPlaces, type Place } from "./places.ts";
import { prepareThreads } from "./prepare-threads.ts";
import type { PlacementCounts, RestoreRequest, RestoreResult } from "./request.ts";

/**
 * Restores the first of the keys whose entry is found and whole, and counts the outcome. A damaged entry is skipped
 * with a warning, and nothing of it reaches a destination. An entry whose number of trees differs from the number of
 * destinations is skipped as well, unless its key was given explicitly.
 * @throws BtdtError
 */
export async function restoreEntry(
  request: RestoreRequest,
  runtime: Runtime,
  source: EntrySource = openDirectorySource(request, runtime),
): Promise<RestoreResult> {
  const result = await restoreFirst(request, source, runtime);
  countRestore(request.cache, result.outcome, runtime.nowMs());
  return result;
}

async function restoreFirst(
  request: RestoreRequest,
  source: EntrySource,
  runtime: Runtime,
): Promise<RestoreResult> {
  const { cache } = request;
  const named = examineNamedPlaces(request.places, cache.root);
  let session: Session | undefined;
  let isSessionWanted = false;
  const openSession = (): Session | undefined => {
    if (!isSessionWanted) session = openSessionIfWritable(cache);
    isSessionWanted = true;
    return session;
  };
  try {
    const attempt = { request, source, named, openSession, suspects: Suspects.find(cache), unusable: [] };
    for (const key of request.keys) {
      const result = await restoreKey(key, attempt, runtime);
      if (result !== undefined) return result;
    }
    for await (const key of source.listFallbackKeys()) {
      const result = await restoreKey(key, attempt, runtime);
      if (result !== undefined) return result;
    }
    return { outcome: "miss", unusable: attempt.unusable };
  } finally {
    runtime.progress.end();
    if (session !== undefined) flushIfCheap(cache, listOwnMarks(cache, session));
    session?.close();
  }
}

/** What is the same for all keys that are tried. */
interface Attempt {
  readonly request: RestoreRequest;
  readonly source: EntrySource;
  readonly named: readonly Place[];
  /** Opens one for the first entry that is found; undefined if the cache is read-only. */
  readonly openSession: () => Session | undefined;
  readonly suspects: Suspects | undefined;
  /** Keys that were found but not restored. */
  readonly unusable: UnusableKey[];
}

/** Undefined if there is no such key, or its entry cannot be used. */
async function restoreKey(
  key: string,
  attempt: Attempt,
  runtime: Runtime,
): Promise<RestoreResult | undefined> {
  const { request, source, named, openSession, suspects, unusable } = attempt;
  const { cache, keys } = request;
  const find = (): Promise<SourcedEntry> =>
    source.find(key, ({ trees }) => {
      prepareThreads(runtime.runners.pool, countsOf(trees).fileCount, cache.root, named);
    });
  let entry = await find();
  while (entry.kind === "found") {
    const { record } = entry;
    const assigned = assignPlaces(record, request.places, named, cache.root);
    if (assigned.kind === "mismatch") {
      if (request.places.kind !== "produced" && keys.includes(key)) throw assigned.error;
      runtime.onWarning(`${assigned.error.message}; it counts as a miss`);
      unusable.push({ key, reason: assigned.error.message });
      return undefined;
    }
    // First, so that a concurrent clean sees this entry as the one used last.
    const notingUse = source.noteUse(record);
    const placed = await placeEntry(
      describeTargets(entry, assigned.places, { request, session: openSession(), suspects }),
      runtime,
    );
    if (placed.kind === "placed") {
      return {
        outcome: key === keys[0] ? "hit" : "fallback",
        key,
        ...countsOf(record.trees),
        trees: record.trees,
        destinations: assigned.places.map(({ name }) => name),
        fileCounts: placed.fileCounts,
        mendedCount: placed.mendedCount,
        ...explainCopies(cache, placed.fileCounts, assigned.places),
        isUseNoted: await notingUse,
      };
    }
    // This is not damage if a clean has removed the entry in the meantime, key first, or if a store has replaced it:
    // then the new one is wanted.
    const now = await find();
    if (now.kind === "found" && isSameRecord(now.record, record)) {
      runtime.onWarning(damageWarning(key, placed.reason));
      unusable.push({ key, reason: placed.reason });
      return undefined;
    }
    entry = now;
  }
  switch (entry.kind) {
    case "missing":
      break;
    case "damaged":
    case "unreadable":
      runtime.onWarning(damageWarning(key, entry.reason));
      unusable.push({ key, reason: entry.reason });
  }
  return undefined;
}

/** Files are also copied because they must not be shared, but then others are not. */
function explainCopies(
  cache: CacheDirectory,
  { copied, linked, reflinked }: PlacementCounts,
  places: readonly Place[],
): { readonly obstacle?: LinkObstacle } {
  const [first] = places;
  if (first === undefined || copied === 0 || linked > 0 || reflinked > 0) return {};
  const obstacle = findLinkObstacle(parentOf(first.destination.path), cache.root);
  return obstacle === undefined ? {} : { obstacle };
}

/** With a session, a restore can repair objects. In a read-only cache, it does without. */
function openSessionIfWritable(cache: CacheDirectory): Session | undefined {
  if (cache.isReadOnly || !cache.isPrepared()) return undefined;
  try {
    return Session.open(cache);
  } catch (error) {
    if (isBtdtError(error, "CACHE_WRITE_FAILED")) return undefined;
    throw error;
  }
}
