/**
 * What a clean deletes, and why: computed from what was found, before anything is touched. `--dry-run` prints
 * the plan, a real run carries it out.
 */

import type { CacheContents, CachedEntry } from "../inventory/cache-contents.ts";

export interface CleanLimits {
  readonly nowMs: number;
  /** Entries that were last used longer ago go. */
  readonly maxAgeMs: number | undefined;
  /** Entries go, the least recently used first, until what is left takes no more. */
  readonly maxSizeBytes: number | undefined;
}

export type EvictionReason = "age" | "size" | "damage";

interface Eviction {
  readonly entry: CachedEntry;
  readonly reason: EvictionReason;
  /** What deleting this entry freed at its turn: what no other entry left by then needs. */
  readonly freedBytes: number;
}

export interface CleanPlan {
  readonly evictions: readonly Eviction[];
  readonly kept: readonly CachedEntry[];
  /** Indexes of the objects, contents and manifests that nothing needs, evicted entries' ones included. */
  readonly removedObjects: readonly number[];
  /** Objects among them that no entry needed in the first place. */
  readonly garbageObjectCount: number;
  readonly garbageBytes: number;
  readonly keptBytes: number;
}

export function planClean(contents: CacheContents, limits: CleanLimits): CleanPlan {
  const { entries, objectBytes, pinnedObjects } = contents;
  const bytesOf = (object: number): number => objectBytes[object] ?? 0;
  const references = new Uint32Array(objectBytes.length);
  for (const object of pinnedObjects) references[object] = 1;
  for (const entry of entries) {
    for (const object of entry.objects) references[object] = (references[object] ?? 0) + 1;
  }

  let keptBytes = entries.reduce((sum, entry) => sum + entry.ownBytes, 0);
  let garbageObjectCount = 0;
  let garbageBytes = 0;
  for (const [object, count] of references.entries()) {
    if (count > 0) keptBytes += bytesOf(object);
    else if (object < contents.objectCount) {
      garbageObjectCount += 1;
      garbageBytes += bytesOf(object);
    }
  }

  const evictions: Eviction[] = [];
  const evict = (entry: CachedEntry, reason: EvictionReason): void => {
    let freedBytes = entry.ownBytes;
    for (const object of entry.objects) {
      const left = (references[object] ?? 1) - 1;
      references[object] = left;
      if (left === 0) freedBytes += bytesOf(object);
    }
    keptBytes -= freedBytes;
    evictions.push({ entry, reason, freedBytes });
  };

  const oldestFirst = entries.toSorted(
    (left, right) => left.lastUsedMs - right.lastUsedMs || (left.id < right.id ? -1 : 1),
  );
  const young: CachedEntry[] = [];
  for (const entry of oldestFirst) {
    if (entry.damage !== undefined) evict(entry, "damage");
    else if (limits.maxAgeMs !== undefined && limits.nowMs - entry.lastUsedMs > limits.maxAgeMs)
      evict(entry, "age");
    else young.push(entry);
  }
  let tooMany = 0;
  for (const entry of young) {
    if (keptBytes <= (limits.maxSizeBytes ?? Number.POSITIVE_INFINITY)) break;
    evict(entry, "size");
    tooMany += 1;
  }

  const removedObjects = [...references.keys()].filter((object) => references[object] === 0);
  return {
    evictions,
    kept: young.slice(tooMany),
    removedObjects,
    garbageObjectCount,
    garbageBytes,
    keptBytes,
  };
}
