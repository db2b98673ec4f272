/**
 * Restores the trees of an entry. `restore.ts` picks the key, `places.ts` decides where its trees go, and
 * `place-entry.ts` places all of them or none: each is built aside from objects and packs (`build-tree.ts`), and
 * moved into place only when it is complete, by one rename (`new-destination.ts`) or file by file
 * (`existing-destination.ts`).
 */
import { parentOf } from "../base/byte-string.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { countRestore } from "../cache/restore-counts.ts";
import { damageWarning, type UnusableKey } from "../entry/find-entry.ts";
import { tryKeys } from "../entry/try-keys.ts";
import { findLinkObstacle, type LinkObstacle } from "../fs/link-obstacle.ts";
import { countsOf, isSameRecord } from "../key/key-record.ts";
import type { Runtime } from "../work/runtime.ts";
import type { EntrySource, PlaceTargets, SourcedEntry, SourcedFound } from "./entry-source.ts";
import { assignPlaces, type Place } from "./places.ts";
import { prepareThreads } from "./prepare-threads.ts";
import type { PlacementCounts, RestoreRequest, RestoreResult } from "./request.ts";
import { SourceUse } from "./source-use.ts";

/**
 * Restores the first of the keys whose entry is found and whole, in the order of `tryKeys`, and counts the outcome in
 * the first cache. A damaged entry is skipped with a warning, and nothing of it reaches a destination. An entry whose
 * number of trees differs from the number of destinations is skipped as well, unless its key was given explicitly.
 * @throws BtdtError
 */
export async function restoreEntry(
  request: RestoreRequest,
  sources: readonly [EntrySource, ...EntrySource[]],
  runtime: Runtime,
): Promise<RestoreResult> {
  const result = await restoreFirst(request, sources, runtime);
  countRestore(sources[0].cache, result.outcome, runtime.nowMs());
  return result;
}

async function restoreFirst(
  request: RestoreRequest,
  sources: readonly EntrySource[],
  runtime: Runtime,
): Promise<RestoreResult> {
  const uses = sources.map((source) => new SourceUse(source, request.places));
  const unusable: UnusableKey[] = [];
  try {
    const restore = (key: string, use: SourceUse): Promise<RestoreResult | undefined> =>
      restoreKey(key, { request, use, unusable }, runtime);
    const restored = await tryKeys(request, uses, restore, runtime.onWarning);
    return restored ?? { outcome: "miss", unusable };
  } finally {
    runtime.progress.end();
    for (const use of uses) use.close();
  }
}

interface Attempt {
  readonly request: RestoreRequest;
  readonly use: SourceUse;
  /** Keys that were found but not restored. */
  readonly unusable: UnusableKey[];
}

/** Undefined if there is no such key, or its entry cannot be used. */
async function restoreKey(
  key: string,
  attempt: Attempt,
  runtime: Runtime,
): Promise<RestoreResult | undefined> {
  const { request, use, unusable } = attempt;
  const { source, named } = use;
  const { cache } = source;
  const { keys } = request;
  const find = (): Promise<SourcedEntry> =>
    source.find(key, {
      explainRefusal: request.explainRefusal,
      onFound: ({ trees }) => {
        prepareThreads(runtime.runners.pool, countsOf(trees).fileCount, cache.root, named);
      },
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
    // What places trees is most of the program, and a miss does without.
    const [cacheUse, { describeTargets }, { placeEntry }] = await Promise.all([
      use.useCache(),
      import("./describe-targets.ts"),
      import("./place-entry.ts"),
    ]);
    const suspects = cacheUse.findSuspects();
    // First, so that a concurrent clean sees this entry as the one used last.
    const notingUse = source.noteUse(record);
    const context = { request, cache, session: cacheUse.openSession(), suspects };
    const targets = describeTargets(entry, assigned.places, context);
    const place: PlaceTargets = (described) => placeEntry(described, runtime);
    const placed = await (entry.placeAndKeep?.(targets, place) ?? place(targets));
    if (placed.kind === "placed") {
      return {
        outcome: key === keys[0] ? "hit" : "fallback",
        key,
        cache: source.address,
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
    // then the new one is wanted. Nor is it if the same entry can be had from elsewhere.
    const now = await find();
    if (now.kind === "found" && isSameRecord(now.record, record) && isRemote(now) === isRemote(entry)) {
      runtime.onWarning(damageWarning(key, placed.reason));
      unusable.push({ key, reason: placed.reason });
      return undefined;
    }
    entry = now;
  }
  switch (entry.kind) {
    case "missing":
      break;
    case "refused":
    case "damaged":
    case "unreadable":
      runtime.onWarning(damageWarning(key, entry.reason));
      unusable.push({ key, reason: entry.reason });
  }
  return undefined;
}

function isRemote({ remote }: SourcedFound): boolean {
  return remote !== undefined;
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
