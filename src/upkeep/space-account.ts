import type { NeedTotals } from "../inventory/count-needs.ts";
import { countReferences } from "../inventory/count-references.ts";
import type { CachedEntry, Stock } from "../inventory/inventory.ts";

/** What entries take, what nothing needs, and how both change as one entry after another is evicted. */
export class SpaceAccount {
  readonly #stock: Stock;
  readonly #references: Uint32Array;
  readonly #numbers: ReadonlyMap<CachedEntry, number>;
  #needs: Omit<NeedTotals, "entries">;
  #keptBytes: number;
  #garbageFileCount = 0;
  #garbageBytes = 0;

  constructor(stock: Stock) {
    const { entries, itemBytes, firstFile, needs } = stock;
    this.#stock = stock;
    this.#needs = needs;
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
  get needs(): Omit<NeedTotals, "entries"> {
    return this.#needs;
  }

  /**
   * Evicts an entry.
   * @returns what that frees; undefined if it is no longer known what the entry needs: then nothing changes
   */
  evict(entry: CachedEntry): number | undefined {
    const items = entry.listItems();
    if (items === undefined) return undefined;
    // Copied for the first eviction: mostly, there is none.
    if (this.#needs === this.#stock.needs) {
      const { entryCounts, owners } = this.#needs;
      this.#needs = { entryCounts: entryCounts.slice(), owners: owners.slice() };
    }
    const { entryCounts, owners } = this.#needs;
    const references = this.#references;
    const { itemBytes } = this.#stock;
    const number = this.#numbers.get(entry) ?? 0;
    let freedBytes = entry.ownBytes;
    for (const item of items) {
      const left = (references[item] ?? 1) - 1;
      references[item] = left;
      entryCounts[item] = (entryCounts[item] ?? 1) - 1;
      owners[item] = (owners[item] ?? 0) ^ number;
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
