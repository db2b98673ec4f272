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

/** Up to the last separator: `npm-linux-3f2a` belongs to `npm-linux-`. A key without one is a prefix of its own. */
function prefixOf(key: string): string {
  return /^(.*[-_/:])[^-_/:]+$/s.exec(key)?.[1] ?? key;
}

/** An entry belongs to the prefixes of all its keys. The largest first. */
export function groupByPrefix({ entries, itemBytes }: Stock): PrefixUse[] {
  const groups = new Map<string, CachedEntry[]>();
  for (const entry of entries) {
    for (const prefix of new Set(entry.keys.map(prefixOf)))
      groups.set(prefix, [...(groups.get(prefix) ?? []), entry]);
  }
  const neededBy = new Uint32Array(itemBytes.length);
  for (const group of groups.values()) {
    for (const item of itemsOf(group)) neededBy[item] = (neededBy[item] ?? 0) + 1;
  }
  const uses = [...groups].map(([prefix, group]): PrefixUse => {
    const keyBytes = group.reduce((sum, { ownBytes }) => sum + ownBytes, 0);
    let [sizeBytes, ownBytes, unsharedBytes] = [keyBytes, keyBytes, keyBytes];
    for (const item of itemsOf(group)) {
      sizeBytes += itemBytes[item] ?? 0;
      if (neededBy[item] === 1) ownBytes += itemBytes[item] ?? 0;
    }
    for (const { items } of group) for (const item of items) unsharedBytes += itemBytes[item] ?? 0;
    return { prefix, entryCount: group.length, unsharedBytes, sizeBytes, ownBytes };
  });
  return uses.toSorted((left, right) => right.sizeBytes - left.sizeBytes);
}

/** Each once. */
function itemsOf(group: readonly CachedEntry[]): ReadonlySet<number> {
  const items = new Set<number>();
  for (const entry of group) for (const item of entry.items) items.add(item);
  return items;
}
