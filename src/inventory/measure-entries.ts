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
  const { entries, itemBytes, garbage } = inventory;
  const references = countReferences(inventory);
  const measured = entries.map((entry) => {
    let sizeBytes = entry.ownBytes;
    let freedBytes = entry.ownBytes;
    for (const item of entry.items) {
      const bytes = itemBytes[item] ?? 0;
      sizeBytes += bytes;
      if (references[item] === 1) freedBytes += bytes;
    }
    return { entry, sizeBytes, freedBytes };
  });
  let keptBytes = entries.reduce((sum, { ownBytes }) => sum + ownBytes, 0);
  let garbageBytes = garbage.bytes;
  for (const [item, bytes] of itemBytes.entries()) {
    if (references[item] === 0) garbageBytes += bytes;
    else keptBytes += bytes;
  }
  return { entries: measured, keptBytes, garbageBytes };
}
