/**
 * What a clean deletes, and why: computed before anything is touched. `--dry-run` prints the plan, a real run carries
 * it out.
 */

import type { CachedEntry, Stock } from "../inventory/inventory.ts";
import type { OwnerCounts } from "../inventory/owner-counts.ts";
import { SpaceAccount } from "./space-account.ts";

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
  readonly counts: OwnerCounts;
}

/**
 * Entries that could not be read are kept, whatever the limits, and so are pinned ones unless they are damaged. While
 * something may need any item, no item is deleted, so no entry is evicted for its size: that would free nothing.
 */
export function planClean(stock: Stock, limits: CleanLimits): CleanPlan {
  const { entries, mayAllBeNeeded } = stock;
  const account = new SpaceAccount(stock);
  const evictions: Eviction[] = [];
  const kept: CachedEntry[] = [];
  const evict = (entry: CachedEntry, reason: EvictionReason): void => {
    const freedBytes = account.evict(entry);
    if (freedBytes === undefined) kept.push(entry);
    else evictions.push({ entry, reason, freedBytes });
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
  const mostBytes = chooseMostBytes(limits, account.keptBytes);
  for (const entry of evictable.slice(excessCount)) {
    const isSpared = entry.keys.some((key) => limits.sparedKeys?.has(key));
    if (account.keptBytes > mostBytes && !isSpared && !mayAllBeNeeded) evict(entry, "size");
    else kept.push(entry);
  }

  const { garbageFileCount, garbageBytes, keptBytes, counts } = account;
  const unneededItems = account.listUnneeded();
  return { evictions, kept, unneededItems, garbageFileCount, garbageBytes, keptBytes, counts };
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
