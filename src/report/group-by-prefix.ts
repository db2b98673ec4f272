import type { CachedEntry, Stock } from "../inventory/inventory.ts";

/** Keys that start alike, and what they take. */
export interface PrefixUse {
  readonly prefix: string;
  readonly entryCount: number;
  /** What its entries would take if they shared nothing. */
  readonly unsharedBytes: number;
  /** What they take together. */
  readonly sizeBytes: number;
  /** The part of it that no other prefix needs. */
  readonly ownBytes: number;
}

/** Up to the last separator: `npm-linux-3f2a` belongs to `npm-linux-`. A key without one is its own prefix. */
function prefixOf(key: string): string {
  return /^(.*[-_/:])[^-_/:]+$/s.exec(key)?.[1] ?? key;
}

/** An entry belongs to the prefixes of all its keys. The largest first. */
export function groupByPrefix({ entries, itemBytes }: Pick<Stock, "entries" | "itemBytes">): PrefixUse[] {
  const groups = new Map<string, CachedEntry[]>();
  for (const entry of entries) {
    for (const prefix of new Set(entry.keys.map(prefixOf)))
      groups.set(prefix, [...(groups.get(prefix) ?? []), entry]);
  }
  // By item: how many prefixes need it, and which one was the last, numbered from 1.
  const prefixCounts = new Uint32Array(itemBytes.length);
  const lastPrefixes = new Uint32Array(itemBytes.length);
  const totals = [...groups].map(([prefix, group], index) => {
    const keyBytes = group.reduce((sum, { ownBytes }) => sum + ownBytes, 0);
    const use = {
      prefix,
      entryCount: group.length,
      unsharedBytes: keyBytes,
      sizeBytes: keyBytes,
      ownBytes: keyBytes,
    };
    for (const { listItems } of group) {
      for (const item of listItems() ?? []) {
        const bytes = itemBytes[item] ?? 0;
        use.unsharedBytes += bytes;
        if (lastPrefixes[item] === index + 1) continue;
        lastPrefixes[item] = index + 1;
        prefixCounts[item] = (prefixCounts[item] ?? 0) + 1;
        use.sizeBytes += bytes;
      }
    }
    return use;
  });
  for (let item = 0; item < itemBytes.length; item++) {
    const owner = prefixCounts[item] === 1 ? totals[(lastPrefixes[item] ?? 0) - 1] : undefined;
    if (owner !== undefined) owner.ownBytes += itemBytes[item] ?? 0;
  }
  return totals.toSorted((left, right) => right.sizeBytes - left.sizeBytes);
}
