import { compileLightly } from "../base/compile-lightly.ts";
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

/** Finds out which files of a tree are names of the same inode, once all of them have been read. */
export class InodeGroups {
  readonly #batches: { readonly firstFile: number; readonly rows: Uint32Array }[] = [];

  /** @param rows of a batch, see `InodeRows` */
  add(firstFile: number, rows: Uint32Array): void {
    if (rows.length > 0) this.#batches.push({ firstFile, rows });
  }

  list(): FurtherNames {
    const rows = new Uint32Array(this.#batches.reduce((sum, batch) => sum + batch.rows.length, 0));
    let end = 0;
    // Batches were added in the order in which threads finished.
    for (const batch of this.#batches.toSorted((left, right) => left.firstFile - right.firstFile)) {
      rows.set(batch.rows, end);
      const start = end;
      end += batch.rows.length;
      for (let row = start; row < end; row += INODE_ROW_WORDS) rows[row] = (rows[row] ?? 0) + batch.firstFile;
    }
    const { further, first } = findFurther(rows);
    return {
      files: Uint32Array.from(further, (row) => rows[row] ?? 0),
      targets: Uint32Array.from(first, (row) => rows[row] ?? 0),
      linkCounts: Uint32Array.from(further, (row) => rows[row + 1] ?? 0),
    };
  }
}

/** Where in `rows` those are whose inode an earlier row has, and where the first one with it is. */
function findFurther(rows: Uint32Array): { readonly further: number[]; readonly first: number[] } {
  const further: number[] = [];
  const first: number[] = [];
  // A hash table with linear probing, of which at least half stays unused: one more than the place of a row, or zero.
  const bits = Math.max(4, Math.ceil(Math.log2((2 * rows.length) / INODE_ROW_WORDS + 1)));
  const slots = new Uint32Array(2 ** bits);
  for (let row = 0; row < rows.length; row += INODE_ROW_WORDS) {
    const major = rows[row + 2];
    const minor = rows[row + 3] ?? 0;
    const high = rows[row + 4] ?? 0;
    const low = rows[row + 5] ?? 0;
    let slot = Math.imul(low ^ Math.imul(high ^ minor, 31), MULTIPLIER) >>> (32 - bits);
    for (let entry = slots[slot] ?? 0; ; entry = slots[slot] ?? 0) {
      if (entry === 0) {
        slots[slot] = row + 1;
        break;
      }
      const known = entry - 1;
      const isSame =
        rows[known + 5] === low &&
        rows[known + 4] === high &&
        rows[known + 3] === minor &&
        rows[known + 2] === major;
      if (isSame) {
        further.push(row);
        first.push(known);
        break;
      }
      slot = (slot + 1) % slots.length;
    }
  }
  return { further, first };
}

compileLightly(findFurther);
