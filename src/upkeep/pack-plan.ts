import type { Inventory } from "../inventory/inventory.ts";
import type { LiveItems } from "../packs/rewrite/rewrite-packs.ts";

/** What all packs may take, in relation to what is needed from them. */
const MOST_SPACE_RATIO = 1.3;

/**
 * Packs of about the same size are merged when there are more than this. So the number of packs grows with the logarithm
 * of what they hold, and so does the number of times that a content is rewritten.
 */
const MOST_PACKS_OF_A_SIZE = 8;
const SMALLEST_SIZE_BYTES = 64 * 1024;
/** Larger packs are not merged: that would cost more than reading one more pack. */
const LARGEST_MERGED_BYTES = 256 * 1024 * 1024;
/** What one clean merges. */
const MOST_MERGED_BYTES = 1024 * 1024 * 1024;

export interface PackPlan {
  /** Packs that nothing needs, and damaged ones. */
  readonly removed: readonly string[];
  readonly removedBytes: number;
  /** Packs with too much garbage, and small ones of which there are many: what is needed from them moves to a new one. */
  readonly rewritten: readonly LiveItems[];
  /** Roughly what rewriting them frees. */
  readonly rewrittenFreedBytes: number;
}

interface PackUse {
  readonly live: LiveItems;
  readonly packBytes: number;
  readonly liveBytes: number;
  readonly isYoung: boolean;
}

/**
 * Decides, from what nothing needs, which packs are deleted and which are rewritten: those with the most garbage
 * first, until all packs together take little more than what is needed from them, and small ones that are many.
 * @param youngerMs packs created after this time stay as they are
 */
export function planPacks(
  { packs, items, itemBytes }: Pick<Inventory, "packs" | "items" | "itemBytes">,
  unneededItems: readonly number[],
  youngerMs: number,
): PackPlan {
  const isUnneeded = new Uint8Array(items.count);
  for (const item of unneededItems) isUnneeded[item] = 1;
  const uses = packs.packs.map((stored, pack): PackUse => {
    const live = { pack, name: stored.name, contents: [] as number[], larges: [] as number[] };
    let liveBytes = 0;
    for (let content = 0; content < stored.index.counts.contentCount; content++) {
      const item = items.itemOfContent(packs.firstContentOf(pack) + content);
      if (isUnneeded[item] !== 0) continue;
      live.contents.push(content);
      liveBytes += itemBytes[item] ?? 0;
    }
    for (let large = 0; large < stored.index.counts.largeCount; large++) {
      const item = items.itemOfChunkList(pack, large);
      if (isUnneeded[item] !== 0) continue;
      live.larges.push(large);
      liveBytes += itemBytes[item] ?? 0;
    }
    return { live, packBytes: stored.index.packBytes(), liveBytes, isYoung: stored.madeMs > youngerMs };
  });
  const isEmpty = ({ live }: PackUse): boolean => live.contents.length === 0 && live.larges.length === 0;
  const removed = uses.filter((use) => isEmpty(use) && !use.isYoung);
  const damaged = packs.damaged.filter(({ madeMs }) => madeMs <= youngerMs);
  const needed = uses.filter((use) => !isEmpty(use));
  let spaceBytes = sum(needed, ({ packBytes }) => packBytes);
  const mostBytes = sum(needed, ({ liveBytes }) => liveBytes) * MOST_SPACE_RATIO;
  const wasteful: PackUse[] = [];
  const mostWasteFirst = needed.toSorted(
    (left, right) => left.liveBytes / left.packBytes - right.liveBytes / right.packBytes,
  );
  for (const use of mostWasteFirst) {
    const total = packs.packs[use.live.pack]?.index.counts.contentCount ?? 0;
    if (spaceBytes <= mostBytes || use.live.contents.length === total) break;
    if (use.isYoung) continue;
    wasteful.push(use);
    spaceBytes -= use.packBytes - use.liveBytes;
  }
  const kept = needed.filter((use) => !use.isYoung && !wasteful.includes(use));
  const rewritten = [
    ...wasteful,
    ...findMergeable(
      kept,
      sum(wasteful, ({ liveBytes }) => liveBytes),
    ),
  ];
  const allocated = ({ live }: PackUse): number => packs.packs[live.pack]?.allocatedBytes ?? 0;
  return {
    removed: [...removed.map(({ live }) => live.name), ...damaged.map(({ name }) => name)],
    removedBytes: sum(removed, allocated) + sum(damaged, ({ allocatedBytes }) => allocatedBytes),
    rewritten: rewritten.map(({ live }) => live),
    rewrittenFreedBytes: sum(rewritten, ({ packBytes, liveBytes }) => Math.round(packBytes - liveBytes)),
  };
}

/** @param otherBytes what goes to the new pack anyway */
function findMergeable(uses: readonly PackUse[], otherBytes: number): PackUse[] {
  const bySize = new Map<number, PackUse[]>();
  for (const use of uses) {
    if (use.liveBytes > LARGEST_MERGED_BYTES) continue;
    const size = Math.floor(
      Math.log(Math.max(1, use.liveBytes / SMALLEST_SIZE_BYTES)) / Math.log(MOST_PACKS_OF_A_SIZE),
    );
    bySize.set(size, [...(bySize.get(size) ?? []), use]);
  }
  const merged: PackUse[] = [];
  let mergedBytes = otherBytes;
  for (const [, group] of [...bySize].toSorted(([left], [right]) => left - right)) {
    if (group.length <= MOST_PACKS_OF_A_SIZE) continue;
    for (const use of group) {
      if (mergedBytes + use.liveBytes > MOST_MERGED_BYTES) return merged;
      merged.push(use);
      mergedBytes += use.liveBytes;
    }
  }
  return merged;
}

function sum<Item>(items: readonly Item[], bytesOf: (item: Item) => number): number {
  return items.reduce((total, item) => total + bytesOf(item), 0);
}
