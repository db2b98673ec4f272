/**
 * What a clean deletes, and why: computed before anything is touched. `--dry-run` prints the plan, a real run carries
 * it out.
 */

import type { NeedTotals } from "../inventory/count-needs.ts";
import { countReferences } from "../inventory/count-references.ts";
import type { CachedEntry, Stock } from "../inventory/inventory.ts";

export interface CleanLimits {
  readonly nowMs: number;
  /** Evicts entries that were last used longer ago. */
  readonly maxAgeMs: number | undefined;
  /** Evicts the least recently used entries until the rest takes no more. */
  readonly maxSizeBytes: number | undefined;
  /** Evicts the least recently used entries until no more are left. */
  readonly maxEntries?: number | undefined;
  /** Spares this many entries, the most recently used ones. */
  readonly keepLast?: number | undefined;
  /** Evicts and counts only entries all of whose keys start with it; the size is that of all entries. */
  readonly prefix?: string;
  /** Once they take more than that, evicts until they take no more than this. */
  readonly targetSizeBytes?: number;
  /** Evicts the least recently used entries until at least this much is freed. */
  readonly freedBytes?: number;
  /** Entries with one of these keys are not evicted for their size. */
  readonly sparedKeys?: ReadonlySet<string>;
}

export type EvictionReason = "age" | "count" | "size" | "damage";

export interface Eviction {
  readonly entry: CachedEntry;
  readonly reason: EvictionReason;
  /** What deleting this entry freed when it was its turn: what no remaining entry needs. */
  readonly freedBytes: number;
}

export interface CleanPlan {
  readonly evictions: readonly Eviction[];
  readonly kept: readonly CachedEntry[];
  /** What nothing needs, including the items of evicted entries. */
  readonly unneededItems: readonly number[];
  /** The files among them that no entry needed even before. */
  readonly garbageFileCount: number;
  readonly garbageBytes: number;
  readonly keptBytes: number;
  /** What the kept entries need. */
  readonly needs: Omit<NeedTotals, "entries">;
}

/**
 * Entries that could not be read are kept, whatever the limits, and so are pinned ones unless they are damaged. While
 * something may need any item, no item is deleted, so no entry is evicted for its size: that would free nothing.
 */
export function planClean(stock: Stock, limits: CleanLimits): CleanPlan {
  const { entries, itemBytes, firstFile, mayAllBeNeeded } = stock;
  const bytesOf = (item: number): number => itemBytes[item] ?? 0;
  const references = countReferences(stock);
  const numbers = new Map(
    entries.map((entry, index) => [entry, stock.needs.entries[index]?.number ?? index]),
  );
  let needs: CleanPlan["needs"] = stock.needs;
  let keptBytes = entries.reduce((sum, entry) => sum + entry.ownBytes, 0);
  let garbageFileCount = 0;
  let garbageBytes = 0;
  for (let item = 0; item < references.length; item++) {
    if (references[item] !== 0) keptBytes += bytesOf(item);
    else if (item >= firstFile) {
      garbageFileCount += 1;
      garbageBytes += bytesOf(item);
    }
  }

  const evictions: Eviction[] = [];
  const kept: CachedEntry[] = [];
  const evict = (entry: CachedEntry, reason: EvictionReason): void => {
    let freedBytes = entry.ownBytes;
    const items = entry.listItems();
    // What it needs is no longer known, so neither is what its eviction would free.
    if (items === undefined) {
      kept.push(entry);
      return;
    }
    // Copied for the first eviction: mostly, there is none.
    if (needs === stock.needs) {
      needs = { entryCounts: stock.needs.entryCounts.slice(), owners: stock.needs.owners.slice() };
    }
    const { entryCounts, owners } = needs;
    const number = numbers.get(entry) ?? 0;
    for (const item of items) {
      const left = (references[item] ?? 1) - 1;
      references[item] = left;
      entryCounts[item] = (entryCounts[item] ?? 1) - 1;
      owners[item] = (owners[item] ?? 0) ^ number;
      if (left === 0) freedBytes += bytesOf(item);
    }
    keptBytes -= freedBytes;
    evictions.push({ entry, reason, freedBytes });
  };

  const oldestFirst = entries.toSorted(
    (left, right) => left.lastUsedMs - right.lastUsedMs || (left.id < right.id ? -1 : 1),
  );
  const evictable: CachedEntry[] = [];
  const protect = chooseProtected(oldestFirst, limits);
  for (const entry of oldestFirst) {
    if (entry.condition.kind === "damaged") evict(entry, "damage");
    else if (protect(entry)) kept.push(entry);
    else if (limits.nowMs - entry.lastUsedMs > (limits.maxAgeMs ?? Number.POSITIVE_INFINITY))
      evict(entry, "age");
    else evictable.push(entry);
  }
  const { maxEntries = Number.POSITIVE_INFINITY } = limits;
  const countedCount = evictable.length + kept.filter((entry) => isInScope(entry, limits)).length;
  const excessCount = Math.max(0, countedCount - maxEntries);
  for (const entry of evictable.slice(0, excessCount)) evict(entry, "count");
  const mostBytes = chooseMostBytes(limits, keptBytes);
  for (const entry of evictable.slice(excessCount)) {
    const isSpared = entry.keys.some((key) => limits.sparedKeys?.has(key));
    if (keptBytes > mostBytes && !isSpared && !mayAllBeNeeded) evict(entry, "size");
    else kept.push(entry);
  }

  const unneededItems: number[] = [];
  for (let item = 0; item < references.length; item++) if (references[item] === 0) unneededItems.push(item);
  return { evictions, kept, unneededItems, garbageFileCount, garbageBytes, keptBytes, needs };
}

/** What all entries may take. @param keptBytes what they take now */
function chooseMostBytes(
  { maxSizeBytes = Number.POSITIVE_INFINITY, targetSizeBytes = maxSizeBytes, freedBytes = 0 }: CleanLimits,
  keptBytes: number,
): number {
  const mostBytes = keptBytes > maxSizeBytes ? targetSizeBytes : Number.POSITIVE_INFINITY;
  return freedBytes > 0 ? Math.min(mostBytes, keptBytes - freedBytes) : mostBytes;
}

/** Which entries no limit applies to. @param oldestFirst all entries */
function chooseProtected(
  oldestFirst: readonly CachedEntry[],
  limits: CleanLimits,
): (entry: CachedEntry) => boolean {
  const { keepLast = 0 } = limits;
  const usable = oldestFirst.filter(
    (entry) => entry.condition.kind !== "damaged" && isInScope(entry, limits),
  );
  const last = new Set(keepLast === 0 ? [] : usable.slice(-keepLast));
  return (entry) =>
    entry.condition.kind === "unreadable" ||
    entry.pinnedKeys.length > 0 ||
    !isInScope(entry, limits) ||
    last.has(entry);
}

function isInScope({ keys }: CachedEntry, { prefix = "" }: CleanLimits): boolean {
  return keys.every((key) => key.startsWith(prefix));
}
