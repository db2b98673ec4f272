import { compileMethodsLightly } from "../base/compile-lightly.ts";

const MOST_SMALL_BYTES = 2 ** 32 - 1;

/**
 * The disk space that each item takes: 4 bytes for each, or 8 if there are parts of blocks, which take fractions, or
 * files of 4 GiB.
 */
export class ItemSpace {
  private column: Uint32Array | Float64Array;

  /** @param ofParts of the first items, which are parts of packs */
  constructor(ofParts: Iterable<number>) {
    const bytes = Float64Array.from(ofParts);
    this.column = bytes.length === 0 ? new Uint32Array(0) : bytes;
  }

  of(item: number): number {
    return this.column[item] ?? 0;
  }

  /** @param capacity for how many items there is to be room */
  set(item: number, bytes: number, capacity: number): void {
    const isWide = this.column instanceof Float64Array || bytes > MOST_SMALL_BYTES;
    const hasRoom = item < this.column.length && isWide === this.column instanceof Float64Array;
    if (!hasRoom) {
      // Copied, because the old one is still part of inventories.
      const larger = isWide ? new Float64Array(capacity) : new Uint32Array(capacity);
      larger.set(this.column);
      this.column = larger;
    }
    this.column[item] = bytes;
  }

  /** Of the first items. */
  measure(count: number): Uint32Array | Float64Array {
    return this.column.subarray(0, count);
  }
}

compileMethodsLightly(ItemSpace);
