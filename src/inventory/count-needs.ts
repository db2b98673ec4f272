import { compileMethodsLightly } from "../base/compile-lightly.ts";

/** Who needs what, in a few numbers for each item and each entry. */
export interface NeedTotals {
  /** By item: how many entries need it. */
  readonly entryCounts: Uint32Array;
  /**
   * By item: the numbers of all entries that need it, combined by an exclusive or. If it is only one, this is its number,
   * whichever others have come and gone; deleting that entry frees the item.
   */
  readonly owners: Uint32Array;
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
  private entryCounts: Uint32Array = new Uint32Array(0);
  private owners: Uint32Array = new Uint32Array(0);

  /**
   * Adds an entry.
   * @param items what it needs, without duplicates
   * @param itemBytes of all items so far
   */
  add(entry: number, items: Uint32Array, itemBytes: ArrayLike<number>): CountedEntry {
    this.reserve(itemBytes.length);
    const { entryCounts, owners } = this;
    let neededBytes = 0;
    for (let index = 0; index < items.length; index++) {
      const item = items[index] ?? 0;
      neededBytes += itemBytes[item] ?? 0;
      entryCounts[item] = (entryCounts[item] ?? 0) + 1;
      owners[item] = (owners[item] ?? 0) ^ entry;
    }
    return { number: entry, neededBytes };
  }

  /** Takes over what was counted elsewhere, before anything is added. */
  recall({ entryCounts, owners }: Omit<NeedTotals, "entries">): void {
    this.entryCounts = entryCounts;
    this.owners = owners;
  }

  /** An entry that was added is no more. */
  remove(entry: number, items: Uint32Array): void {
    for (const item of items) {
      this.entryCounts[item] = (this.entryCounts[item] ?? 0) - 1;
      this.owners[item] = (this.owners[item] ?? 0) ^ entry;
    }
  }

  /** @param itemCount of all items in the end */
  finish(itemCount: number): Omit<NeedTotals, "entries"> {
    this.reserve(itemCount);
    const { entryCounts, owners } = this;
    return { entryCounts: entryCounts.subarray(0, itemCount), owners: owners.subarray(0, itemCount) };
  }

  private reserve(itemCount: number): void {
    if (itemCount <= this.entryCounts.length) return;
    // What the listing lacked is added one by one.
    const capacity = Math.ceil(itemCount * 1.02) + 64;
    const [entryCounts, owners] = [new Uint32Array(capacity), new Uint32Array(capacity)];
    entryCounts.set(this.entryCounts);
    owners.set(this.owners);
    this.entryCounts = entryCounts;
    this.owners = owners;
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
  return { ...counter.finish(itemBytes.length), entries: counted };
}

compileMethodsLightly(NeedCounter);
