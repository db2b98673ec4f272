import { compileMethodsLightly } from "../base/compile-lightly.ts";
import type { FileStatus } from "../fs/native/file-status.ts";

/**
 * The files with more than one name among those that were read, as rows of this many words: position, number of
 * names, device (high, low), inode (high, low). Rows cross threads with the other columns; there are no objects.
 */
export const INODE_ROW_WORDS = 6;

const TWO_TO_32 = 0x1_0000_0000;

/** Collects the rows of one batch. */
export class InodeRows {
  private readonly mostRows: number;
  private words = new Uint32Array(0);
  private end = 0;

  constructor(mostRows: number) {
    this.mostRows = mostRows;
  }

  add(position: number, { linkCount, device, inodeHigh, inodeLow }: FileStatus): void {
    if (this.end === 0) this.words = new Uint32Array(this.mostRows * INODE_ROW_WORDS);
    const { words, end } = this;
    words[end] = position;
    words[end + 1] = linkCount;
    words[end + 2] = Math.floor(device / TWO_TO_32);
    words[end + 3] = device;
    words[end + 4] = inodeHigh;
    words[end + 5] = inodeLow;
    this.end = end + INODE_ROW_WORDS;
  }

  /** A copy: a view would be sent to another thread with its whole buffer. */
  take(): Uint32Array {
    return this.words.slice(0, this.end);
  }
}

compileMethodsLightly(InodeRows);
