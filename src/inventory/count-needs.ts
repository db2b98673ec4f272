import { OwnerCounts } from "./owner-counts.ts";

/** Who needs what, in a few numbers for each item and each entry. */
export interface NeedTotals {
  readonly counts: OwnerCounts;
  /** In the order of the entries that were counted. */
  readonly entries: readonly CountedEntry[];
}

export interface CountedEntry {
  /** No other entry has it. */
  readonly number: number;
  /** The disk space of everything that it needs, shared or not. */
  readonly neededBytes: number;
}

/** Counts the needs of one entry after another, so that no more than one list of items has to be in memory. */
export class NeedCounter {
  private counts = OwnerCounts.allocate(0);

  /**
   * Adds an entry.
   * @param items what it needs, without duplicates
   * @param itemBytes of all items so far
   */
  add(entry: number, items: Uint32Array, itemBytes: ArrayLike<number>): CountedEntry {
    this.reserve(itemBytes.length);
    this.counts.addEntry(entry, items);
    let neededBytes = 0;
    for (let index = 0; index < items.length; index++) neededBytes += itemBytes[items[index] ?? 0] ?? 0;
    return { number: entry, neededBytes };
  }

  /** Takes over what was counted elsewhere, before anything is added. */
  recall(counts: OwnerCounts): void {
    this.counts = counts;
  }

  /** An entry that was added is no more. */
  remove(entry: number, items: Uint32Array): void {
    this.counts.removeEntry(entry, items);
  }

  /** @param itemCount of all items in the end */
  finish(itemCount: number): OwnerCounts {
    this.reserve(itemCount);
    return this.counts.first(itemCount);
  }

  private reserve(itemCount: number): void {
    if (itemCount <= this.counts.itemCount) return;
    // What the listing lacked is added one by one.
    this.counts = this.counts.resize(Math.ceil(itemCount * 1.02) + 64);
  }
}

/** The same for entries whose lists are in memory. */
export function countNeeds(
  entries: readonly { readonly listItems: () => Uint32Array | undefined }[],
  itemBytes: ArrayLike<number>,
): NeedTotals {
  const counter = new NeedCounter();
  const counted = entries.map(({ listItems }, entry) =>
    counter.add(entry, listItems() ?? new Uint32Array(0), itemBytes),
  );
  return { counts: counter.finish(itemBytes.length), entries: counted };
}
