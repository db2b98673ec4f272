import { countReferences } from "../inventory/count-references.ts";
import type { CachedEntry, Stock } from "../inventory/inventory.ts";
import type { OwnerCounts } from "../inventory/owner-counts.ts";

/** What entries take, what nothing needs, and how both change as one entry after another is evicted. */
export class SpaceAccount {
  readonly #stock: Stock;
  readonly #references: Uint32Array;
  readonly #numbers: ReadonlyMap<CachedEntry, number>;
  #counts: OwnerCounts;
  #keptBytes: number;
  #garbageFileCount = 0;
  #garbageBytes = 0;

  constructor(stock: Stock) {
    const { entries, itemBytes, firstFile, needs } = stock;
    this.#stock = stock;
    this.#counts = needs.counts;
    this.#references = countReferences(stock);
    this.#numbers = new Map(entries.map((entry, index) => [entry, needs.entries[index]?.number ?? index]));
    let keptBytes = entries.reduce((sum, entry) => sum + entry.ownBytes, 0);
    // A plain loop: there may be millions of items.
    for (let item = 0; item < this.#references.length; item++) {
      const bytes = itemBytes[item] ?? 0;
      if (this.#references[item] !== 0) keptBytes += bytes;
      else if (item >= firstFile) {
        this.#garbageFileCount += 1;
        this.#garbageBytes += bytes;
      }
    }
    this.#keptBytes = keptBytes;
  }

  /** What the remaining entries take. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** The files that no entry needed even before. */
  get garbageFileCount(): number {
    return this.#garbageFileCount;
  }

  get garbageBytes(): number {
    return this.#garbageBytes;
  }

  /** What the remaining entries need. */
  get counts(): OwnerCounts {
    return this.#counts;
  }

  /**
   * Evicts an entry.
   * @returns what that frees; undefined if it is no longer known what the entry needs: then nothing changes
   */
  evict(entry: CachedEntry): number | undefined {
    const items = entry.listItems();
    if (items === undefined) return undefined;
    // Copied for the first eviction: mostly, there is none.
    if (this.#counts === this.#stock.needs.counts) this.#counts = this.#counts.resize(this.#counts.itemCount);
    this.#counts.removeEntry(this.#numbers.get(entry) ?? 0, items);
    const references = this.#references;
    const { itemBytes } = this.#stock;
    let freedBytes = entry.ownBytes;
    for (const item of items) {
      const left = (references[item] ?? 1) - 1;
      references[item] = left;
      if (left === 0) freedBytes += itemBytes[item] ?? 0;
    }
    this.#keptBytes -= freedBytes;
    return freedBytes;
  }

  /** What nothing needs, including the items of evicted entries. */
  listUnneeded(): number[] {
    const unneeded: number[] = [];
    const references = this.#references;
    for (let item = 0; item < references.length; item++) if (references[item] === 0) unneeded.push(item);
    return unneeded;
  }
}
