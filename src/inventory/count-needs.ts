import { compileMethodsLightly } from "../base/compile-lightly.ts";

/** Who needs what, in a few numbers for each item and each entry. */
export interface NeedTotals {
  /** By item: how many entries need it. */
  readonly entryCounts: Uint32Array;
  /** By item: the first entry that needs it; if it is the only one, deleting it frees the item. */
  readonly firstEntries: Uint32Array;
  /** By entry: the disk space of everything that it needs, shared or not. */
  readonly neededBytes: readonly number[];
}

/** Counts the needs of one entry after another, so that no more than one list of items has to be in memory. */
export class NeedCounter {
  private entryCounts = new Uint32Array(0);
  private firstEntries = new Uint32Array(0);
  private readonly neededBytes: number[] = [];

  /**
   * Adds the next entry.
   * @param items what it needs, without duplicates
   * @param itemBytes of all items so far
   */
  add(items: Uint32Array, itemBytes: ArrayLike<number>): void {
    this.reserve(itemBytes.length);
    const entry = this.neededBytes.length;
    const { entryCounts, firstEntries } = this;
    let bytes = 0;
    for (let index = 0; index < items.length; index++) {
      const item = items[index] ?? 0;
      bytes += itemBytes[item] ?? 0;
      const others = entryCounts[item] ?? 0;
      entryCounts[item] = others + 1;
      if (others === 0) firstEntries[item] = entry;
    }
    this.neededBytes.push(bytes);
  }

  /**
   * Takes over what was counted elsewhere, before anything is added. The sizes of those entries are not known.
   * @param entryCounts by item
   */
  recall(entryCounts: Uint32Array): void {
    this.reserve(entryCounts.length);
    this.entryCounts.set(entryCounts);
  }

  /** An entry that was added is no more. Only the number of entries that need each item follows. */
  remove(items: Uint32Array): void {
    for (const item of items) this.entryCounts[item] = (this.entryCounts[item] ?? 0) - 1;
  }

  /** @param itemCount of all items in the end */
  finish(itemCount: number): NeedTotals {
    this.reserve(itemCount);
    const entryCounts = this.entryCounts.subarray(0, itemCount);
    return { entryCounts, firstEntries: this.firstEntries, neededBytes: this.neededBytes };
  }

  private reserve(itemCount: number): void {
    if (itemCount <= this.entryCounts.length) return;
    // What the listing lacked is added one by one.
    const capacity = Math.ceil(itemCount * 1.02) + 64;
    const [entryCounts, firstEntries] = [new Uint32Array(capacity), new Uint32Array(capacity)];
    entryCounts.set(this.entryCounts);
    firstEntries.set(this.firstEntries);
    this.entryCounts = entryCounts;
    this.firstEntries = firstEntries;
  }
}

/** The same for entries whose lists are in memory. */
export function countNeeds(
  entries: readonly { readonly listItems: () => Uint32Array | undefined }[],
  itemBytes: ArrayLike<number>,
): NeedTotals {
  const counter = new NeedCounter();
  for (const { listItems } of entries) counter.add(listItems() ?? new Uint32Array(0), itemBytes);
  return counter.finish(itemBytes.length);
}

compileMethodsLightly(NeedCounter);
