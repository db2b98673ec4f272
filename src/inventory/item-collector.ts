import { compileMethodsLightly } from "../base/compile-lightly.ts";

const GROWTH = 1.5;

/** Collects items without duplicates, one set after another: for each item, it remembers the last set that had it. */
export class ItemCollector {
  private lastSets = new Uint32Array(0);
  private set = 0;
  private collected = new Uint32Array(1024);
  private size = 0;

  /** Begins an empty set. */
  begin(): void {
    this.set += 1;
    this.size = 0;
  }

  add(item: number): void {
    if (item >= this.lastSets.length) this.lastSets = enlarge(this.lastSets, item + 1);
    if (this.lastSets[item] === this.set) return;
    this.lastSets[item] = this.set;
    this.reserve(1);
    this.collected[this.size] = item;
    this.size += 1;
  }

  addAll(items: Uint32Array): void {
    for (let index = 0; index < items.length; index++) this.add(items[index] ?? 0);
  }

  /** The same for a column in which negative numbers stand for none. */
  addColumn(items: Int32Array): void {
    this.reserve(items.length);
    const { collected, set } = this;
    let { lastSets, size } = this;
    for (let index = 0; index < items.length; index++) {
      const item = items[index] ?? 0;
      if (item < 0) continue;
      if (item >= lastSets.length) lastSets = enlarge(lastSets, item + 1);
      if (lastSets[item] === set) continue;
      lastSets[item] = set;
      collected[size] = item;
      size += 1;
    }
    this.lastSets = lastSets;
    this.size = size;
  }

  private reserve(count: number): void {
    const length = this.size + count;
    if (length > this.collected.length) this.collected = enlarge(this.collected, length);
  }

  /** The items of the set, in the order in which they were added. */
  list(): Uint32Array {
    return this.collected.slice(0, this.size);
  }
}

/** The memory of the old one is free at once. */
function enlarge(column: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  return new Uint32Array(column.buffer.transfer(Math.ceil(length * GROWTH) * 4));
}

compileMethodsLightly(ItemCollector);
