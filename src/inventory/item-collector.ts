const GROWTH = 1.5;
const MOST_SETS = 2 ** 16 - 1;

/**
 * Collects items without duplicates, one set after another: for each item, it remembers the last set that had it. It is
 * worth the engine's last compiler, unlike most of what runs once per file: thousands of entries have millions of items.
 */
export class ItemCollector {
  /** 2 bytes for each item. After 65,535 sets, their numbers start again from 1. */
  private lastSets = new Uint16Array(0);
  private set = 0;
  private collected = new Uint32Array(1024);
  private size = 0;

  /** Begins an empty set. */
  begin(): void {
    if (this.set === MOST_SETS) {
      this.lastSets.fill(0);
      this.set = 0;
    }
    this.set += 1;
    this.size = 0;
  }

  add(item: number): void {
    this.reserve(item, 1);
    if (this.lastSets[item] === this.set) return;
    this.lastSets[item] = this.set;
    this.collected[this.size] = item;
    this.size += 1;
  }

  addAll(items: Uint32Array): void {
    for (let index = 0; index < items.length; index++) this.add(items[index] ?? 0);
  }

  /** The same for a column in which negative numbers stand for none. */
  addColumn(items: Int32Array): void {
    let last = 0;
    for (let index = 0; index < items.length; index++) last = Math.max(last, items[index] ?? 0);
    this.reserve(last, items.length);
    const { lastSets, collected, set } = this;
    let { size } = this;
    for (let index = 0; index < items.length; index++) {
      const item = items[index] ?? 0;
      if (item < 0 || lastSets[item] === set) continue;
      lastSets[item] = set;
      collected[size] = item;
      size += 1;
    }
    this.size = size;
  }

  private reserve(lastItem: number, count: number): void {
    if (lastItem >= this.lastSets.length) {
      const length = Math.ceil((lastItem + 1) * GROWTH);
      // The memory of the old one is free at once.
      this.lastSets = new Uint16Array(this.lastSets.buffer.transfer(length * 2));
    }
    const length = this.size + count;
    if (length > this.collected.length)
      this.collected = new Uint32Array(this.collected.buffer.transfer(Math.ceil(length * GROWTH) * 4));
  }

  /** The items of the set, in the order in which they were added. */
  list(): Uint32Array {
    return this.collected.slice(0, this.size);
  }
}
