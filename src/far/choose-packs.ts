/** How much of a pack the nearest entry uses. */
export interface PackUse {
  readonly id: string;
  /** Bytes of its contents that the entry uses. */
  readonly usedBytes: number;
  /** Bytes of all its contents. */
  readonly contentBytes: number;
}

/** With the new one. Each is a request for every restore, and keeps all of its contents in the bucket. */
const MOST_PACKS_USED = 12;
/** A pack of which less is used is given up, while that is cheap. */
const WELL_USED_RATIO = 0.5;
/** How much of the tree may be uploaded again for that. */
const REPACKED_RATIO = 0.2;

/**
 * Chooses the packs whose contents a store does not upload again. Others are given up: those that would be too many,
 * and those that are mostly garbage, as long as what they are used for is a small part of the tree.
 */
export function choosePacks(packs: readonly PackUse[]): Set<string> {
  const used = packs
    .filter(({ usedBytes }) => usedBytes > 0)
    .toSorted((left, right) => left.usedBytes - right.usedBytes || (left.id < right.id ? -1 : 1));
  const treeBytes = used.reduce((sum, { usedBytes }) => sum + usedBytes, 0);
  const chosen = new Set(used.map(({ id }) => id));
  let repackedBytes = 0;
  for (const { id, usedBytes, contentBytes } of used) {
    const isTooMany = chosen.size >= MOST_PACKS_USED;
    const isCheap = repackedBytes + usedBytes <= REPACKED_RATIO * treeBytes;
    if (!isTooMany && (!isCheap || usedBytes >= WELL_USED_RATIO * contentBytes)) continue;
    chosen.delete(id);
    repackedBytes += usedBytes;
  }
  return chosen;
}
