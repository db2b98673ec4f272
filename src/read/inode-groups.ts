import { compileMethodsLightly } from "../base/compile-lightly.ts";
import { at } from "../manifest/manifest.ts";
import { INODE_ROW_WORDS } from "./inode-rows.ts";

/** Files of a tree that are names of the same inodes, as columns with one element for each further name. */
export interface FurtherNames {
  /** Ascending. */
  readonly files: Uint32Array;
  /** The first file with the same inode. */
  readonly targets: Uint32Array;
  /** How many names that inode has, in the tree and elsewhere. */
  readonly linkCounts: Uint32Array;
}

/** Knuth's multiplicative hashing: 2³² divided by the golden ratio. */
const MULTIPLIER = 0x9e37_79b1;
const FIRST = 0;
const LINKS = 1;
const DEVICE = 2;
const INODE = 4;

/** Finds out which files of a tree are names of the same inode, once all of them have been read. */
export class InodeGroups {
  readonly #batches: { readonly firstFile: number; readonly rows: Uint32Array }[] = [];

  /** @param rows of a batch, see `InodeRows` */
  add(firstFile: number, rows: Uint32Array): void {
    if (rows.length > 0) this.#batches.push({ firstFile, rows });
  }

  list(): FurtherNames {
    const table = new InodeTable(this.#batches.reduce((sum, { rows }) => sum + rows.length, 0));
    const files: number[] = [];
    const targets: number[] = [];
    const linkCounts: number[] = [];
    // Batches were added in the order in which threads finished.
    for (const { firstFile, rows } of this.#batches.toSorted(
      (left, right) => left.firstFile - right.firstFile,
    )) {
      for (let start = 0; start < rows.length; start += INODE_ROW_WORDS) {
        const file = firstFile + at(rows, start);
        const target = table.find(rows, start, file);
        if (target === file) continue;
        files.push(file);
        targets.push(target);
        linkCounts.push(at(rows, start + LINKS));
      }
    }
    return {
      files: Uint32Array.from(files),
      targets: Uint32Array.from(targets),
      linkCounts: Uint32Array.from(linkCounts),
    };
  }
}

/** A hash table with linear probing over the rows' devices and inodes. */
class InodeTable {
  private readonly rows: Uint32Array;
  /** One more than the number of a row; zero if unused. At least half remain so. */
  private readonly slots: Uint32Array;
  private readonly shift: number;
  private end = 0;

  constructor(wordCount: number) {
    const bits = Math.max(4, Math.ceil(Math.log2((2 * wordCount) / INODE_ROW_WORDS + 1)));
    this.rows = new Uint32Array(wordCount);
    this.slots = new Uint32Array(2 ** bits);
    this.shift = 32 - bits;
  }

  /** The file that was first looked for with the inode of a row: this one, if it is the first. */
  find(rows: Uint32Array, start: number, file: number): number {
    const { slots } = this;
    const mixed =
      at(rows, start + INODE + 1) ^ Math.imul(at(rows, start + INODE) ^ at(rows, start + DEVICE + 1), 31);
    let slot = Math.imul(mixed, MULTIPLIER) >>> this.shift;
    for (let row = at(slots, slot); row !== 0; row = at(slots, slot)) {
      const known = (row - 1) * INODE_ROW_WORDS;
      if (this.isSame(known, rows, start)) return at(this.rows, known + FIRST);
      slot = (slot + 1) % slots.length;
    }
    this.rows.set(rows.subarray(start, start + INODE_ROW_WORDS), this.end);
    this.rows[this.end + FIRST] = file;
    slots[slot] = this.end / INODE_ROW_WORDS + 1;
    this.end += INODE_ROW_WORDS;
    return file;
  }

  private isSame(known: number, rows: Uint32Array, start: number): boolean {
    for (let word = INODE + 1; word >= DEVICE; word--) {
      if (this.rows[known + word] !== rows[start + word]) return false;
    }
    return true;
  }
}

compileMethodsLightly(InodeTable);
