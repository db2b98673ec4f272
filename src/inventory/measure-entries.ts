import { countReferences } from "./count-references.ts";
import type { CachedEntry, Stock } from "./inventory.ts";

interface MeasuredEntry {
  readonly entry: CachedEntry;
  /** The disk space of everything that it needs, shared or not. */
  readonly sizeBytes: number;
  /** What deleting it, and nothing else, would free. */
  readonly freedBytes: number;
}

export interface MeasuredCache {
  readonly entries: readonly MeasuredEntry[];
  /** What all entries take together. */
  readonly keptBytes: number;
  /** What no entry needs. */
  readonly garbageBytes: number;
}

/** @param inventory of which only the size of the garbage is needed, besides what is numbered */
export function measureEntries(
  inventory: Stock & { readonly garbage: { readonly bytes: number } },
): MeasuredCache {
  const { entries, itemBytes, needs, garbage } = inventory;
  const references = countReferences(inventory);
  const freedBytes = entries.map(({ ownBytes }) => ownBytes);
  const indexes = new Map(needs.entries.map(({ number }, index) => [number, index]));
  let keptBytes = entries.reduce((sum, { ownBytes }) => sum + ownBytes, 0);
  let garbageBytes = garbage.bytes;
  for (let item = 0; item < itemBytes.length; item++) {
    const bytes = itemBytes[item] ?? 0;
    if (references[item] === 0) garbageBytes += bytes;
    else keptBytes += bytes;
    if (references[item] !== 1 || needs.counts.entriesOf(item) !== 1) continue;
    const owner = indexes.get(needs.counts.ownersOf(item));
    if (owner !== undefined) freedBytes[owner] = (freedBytes[owner] ?? 0) + bytes;
  }
  const measured = entries.map((entry, index) => {
    const sizeBytes = entry.ownBytes + (needs.entries[index]?.neededBytes ?? 0);
    return { entry, sizeBytes, freedBytes: freedBytes[index] ?? 0 };
  });
  return { entries: measured, keptBytes, garbageBytes };
}
