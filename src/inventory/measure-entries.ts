import type { CachedEntry } from "./cache-contents.ts";
import type { CollectedContents } from "./take-stock.ts";

interface MeasuredEntry {
  readonly entry: CachedEntry;
  /** All it needs on disk, shared or not. */
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

export function measureEntries(contents: CollectedContents): MeasuredCache {
  const { entries, objectBytes, pinnedObjects } = contents;
  const references = new Uint32Array(objectBytes.length);
  for (const object of pinnedObjects) references[object] = 1;
  for (const { objects } of entries) {
    for (const object of objects) references[object] = (references[object] ?? 0) + 1;
  }
  const measured = entries.map((entry) => {
    let sizeBytes = entry.ownBytes;
    let freedBytes = entry.ownBytes;
    for (const object of entry.objects) {
      const bytes = objectBytes[object] ?? 0;
      sizeBytes += bytes;
      if (references[object] === 1) freedBytes += bytes;
    }
    return { entry, sizeBytes, freedBytes };
  });
  let keptBytes = entries.reduce((sum, { ownBytes }) => sum + ownBytes, 0);
  let garbageBytes = contents.leftOvers.bytes;
  for (const [object, bytes] of objectBytes.entries()) {
    if (references[object] === 0) garbageBytes += bytes;
    else keptBytes += bytes;
  }
  return { entries: measured, keptBytes, garbageBytes };
}
