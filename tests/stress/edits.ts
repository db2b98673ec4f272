import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, writeSync } from "node:fs";

const MARK = "edited in place\n";

/** What tools did in place to restored files, and so to their objects. */
export class Edits {
  /** When the last edit of each inode ended, by file system. */
  readonly #endedMs = new Map<string, number>();
  count = 0;

  /**
   * Overwrites the beginning or appends; either results in a time that the file system distinguishes from those of
   * the trees.
   */
  edit(path: string, isAppending: boolean): void {
    const flags = isAppending ? constants.O_WRONLY | constants.O_APPEND : constants.O_WRONLY;
    const descriptor = openSync(path, flags | constants.O_NOFOLLOW);
    try {
      writeSync(descriptor, MARK);
      const { dev, ino } = fstatSync(descriptor);
      this.#endedMs.set(`${dev} ${ino}`, performance.now());
      this.count += 1;
    } finally {
      closeSync(descriptor);
    }
  }

  /**
   * Whether a file differs from what was stored only because it was edited after a restore had started to link it.
   */
  explain(path: string, restoreBegunMs: number): boolean {
    const { dev, ino } = lstatSync(path);
    const endedMs = this.#endedMs.get(`${dev} ${ino}`);
    return endedMs !== undefined && endedMs >= restoreBegunMs && readFileSync(path).includes(MARK);
  }
}
