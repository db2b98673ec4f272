/**
 * Takes stock of a cache: which entries exist, what each needs, and what nothing needs. It reads names, sizes, keys,
 * manifests and pack indexes, never contents, and changes nothing. What could not be read is distinguished from what
 * is damaged: it says nothing about the cache, and nothing may be deleted because of it.
 */

import type { Progress } from "../base/progress.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { listOldCounts } from "../cache/restore-counts.ts";
import { NeedCounter } from "./count-needs.ts";
import { describeEntry, type ManifestNeeds } from "./describe-entry.ts";
import { Doubts } from "./doubts.ts";
import { EditedPathUse, NO_EDITED_PATHS } from "./edited-path-use.ts";
import { findIntents } from "./find-intents.ts";
import { findPacks } from "./find-packs.ts";
import { findPins } from "./find-pins.ts";
import { findYoung, type Grace } from "./find-young.ts";
import { measureGarbage } from "./garbage.ts";
import { groupKeys } from "./group-keys.ts";
import type { CachedEntry, Inventory } from "./inventory.ts";
import { Items } from "./items.ts";
import { KnownNeeds } from "./known-needs.ts";
import { type FileListing, listFiles } from "./list-files.ts";
import { NeedsFinder } from "./needs-finder.ts";

export interface StockRequest extends FileListing {
  readonly nowMs: number;
  readonly grace: Grace;
  readonly progress?: Progress;
  /** How many of the items that entries need are kept in memory; by default, not all of those of many large entries. */
  readonly mostKeptItems?: number;
}

/**
 * Takes stock; under the cache's exclusive lock if anything is to be deleted. Intents are read before keys, so that a
 * store that publishes its keys and removes its intent in the meantime is seen at least once.
 * @throws BtdtError CACHE_FORMAT_NEWER, CACHE_NOT_ACCESSIBLE, CANCELLED
 */
export async function takeStock(
  cache: CacheDirectory,
  { nowMs, grace, progress, mostKeptItems, ...listing }: StockRequest,
): Promise<Inventory> {
  const { pause } = listing;
  const doubts = new Doubts(!cache.isPrepared());
  const { sessions, intents } = findIntents(cache, nowMs, grace.anyMs, doubts);
  const keys = await groupKeys(cache, pause);
  doubts.addKeys(keys);
  const isPinned = findPins(cache, doubts);
  const readable = findPacks(cache, doubts);
  const items = new Items(readable.packs);
  await listFiles(cache, items, doubts, listing);
  const editedPathUse = doubts.attempt("the edited paths", () => new EditedPathUse(cache));
  const finder = new NeedsFinder(cache, items, readable, (manifest, digest) => {
    editedPathUse?.see(manifest, digest === undefined ? undefined : keys.recordedPaths.get(digest));
  });

  const known = new KnownNeeds(finder, mostKeptItems);
  const counter = new NeedCounter();
  const manifestCount = new Set([...keys.groups.values()].flatMap(({ manifests }) => manifests)).size;
  progress?.begin({ name: "reading", noun: "manifests", unit: "files", files: manifestCount });
  const entries: CachedEntry[] = [];
  for (const [id, group] of keys.groups) {
    const parts: ManifestNeeds[] = [];
    for (const digest of group.manifests) {
      if (!known.has(digest)) progress?.add({ files: 1 });
      parts.push({ digest, ...known.find(digest) });
      await pause();
    }
    entries.push(describeEntry(id, group, parts, keys.recordedPaths, isPinned, doubts, known));
    counter.add(known.unite(parts.map((part) => part.items)), items.measure());
  }
  const pinned = new Set<number>();
  for (const intent of intents) {
    const needed = finder.findForIntent(intent);
    for (const item of needed.items) pinned.add(item);
    // The store notices damage: if its base is gone, it announces another manifest before it relies on anything.
    if (!needed.isKnown) doubts.addUnknownNeeds("a running store", needed.condition);
  }
  const needs = counter.finish(items.count);
  for (const item of findYoung(items, readable.packs, needs, nowMs, grace)) pinned.add(item);
  // If an entry could not be read, it may contain any edited path.
  const editedPaths = doubts.mayAllBeNeeded ? undefined : editedPathUse?.plan(nowMs);
  const found = {
    damagedKeyFiles: keys.damaged,
    sessions: sessions.filter(({ isDead }) => isDead),
    editedPaths: editedPaths ?? NO_EDITED_PATHS,
    oldCounts: doubts.attempt("the restore counts", () => listOldCounts(cache, nowMs)) ?? [],
  };
  return {
    entries,
    keys: keys.stored,
    items,
    itemBytes: items.measure(),
    needs,
    firstFile: items.firstFile,
    pinnedItems: Uint32Array.from(pinned),
    mayAllBeNeeded: doubts.mayAllBeNeeded,
    packs: readable.packs,
    garbage: measureGarbage(found, doubts),
    warnings: doubts.warnings,
  };
}
