/** The first number that takes more than 16 bits. */
const FIRST_WIDE = 2 ** 16;

type Words = Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/**
 * By item: how many entries need it, and the numbers of all of these, combined by an exclusive or. If it is only one, this
 * is its number, whichever others have come and gone; deleting that entry frees the item. It takes 4 bytes for each item,
 * or 8 if there are 65,536 entries. Both are next to each other because items are counted in random order, and so most of
 * the time goes into waiting for memory.
 */
export class OwnerCounts {
  private words: Words;
  /** More than any entry's number, and at least as many as can need an item. */
  private mostEntries: number;

  private constructor(words: Words, mostEntries: number) {
    this.words = words;
    this.mostEntries = mostEntries;
  }

  /** @param mostEntries of those that will be set: how many there are, or more than the number of any, if that is more */
  static allocate(itemCount: number, mostEntries = 0): OwnerCounts {
    const length = 2 * itemCount;
    const words = mostEntries >= FIRST_WIDE ? new Uint32Array(length) : new Uint16Array(length);
    return new OwnerCounts(words, mostEntries);
  }

  get itemCount(): number {
    return this.words.length / 2;
  }

  entriesOf(item: number): number {
    return this.words[2 * item] ?? 0;
  }

  ownersOf(item: number): number {
    return this.words[2 * item + 1] ?? 0;
  }

  set(item: number, entryCount: number, owners: number): void {
    this.words[2 * item] = entryCount;
    this.words[2 * item + 1] = owners;
  }

  /** Counts one more entry. @param items that it needs, without duplicates; there must be room for them */
  addEntry(entry: number, items: Uint32Array): void {
    this.mostEntries = Math.max(this.mostEntries, entry) + 1;
    if (this.mostEntries >= FIRST_WIDE && this.words instanceof Uint16Array)
      this.words = Uint32Array.from(this.words);
    const { words } = this;
    for (let index = 0; index < items.length; index++) {
      const word = 2 * (items[index] ?? 0);
      words[word] = (words[word] ?? 0) + 1;
      words[word + 1] = (words[word + 1] ?? 0) ^ entry;
    }
  }

  /** An entry that was counted is no more. */
  removeEntry(entry: number, items: Uint32Array): void {
    const { words } = this;
    for (let index = 0; index < items.length; index++) {
      const word = 2 * (items[index] ?? 0);
      words[word] = (words[word] ?? 0) - 1;
      words[word + 1] = (words[word + 1] ?? 0) ^ entry;
    }
  }

  /** A copy with room for this many items. */
  resize(itemCount: number): OwnerCounts {
    const resized = OwnerCounts.allocate(itemCount, this.mostEntries);
    resized.words.set(this.words.subarray(0, resized.words.length));
    return resized;
  }

  /** Those of the first items, in the same memory. */
  first(itemCount: number): OwnerCounts {
    return new OwnerCounts(this.words.subarray(0, 2 * itemCount), this.mostEntries);
  }

  /** How many entries need each item, as a new column. */
  listEntryCounts(): Uint32Array<ArrayBuffer> {
    const entryCounts = new Uint32Array(this.itemCount);
    for (let item = 0; item < entryCounts.length; item++) entryCounts[item] = this.words[2 * item] ?? 0;
    return entryCounts;
  }
}
