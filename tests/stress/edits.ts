import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, writeSync } from "node:fs";

const MARK = "edited in place\n";

/** What tools did to restored files in place, and so to the objects that these are. */
export class Edits {
  /** Of each file system's inodes, when the last edit ended. */
  readonly #endedMs = new Map<string, number>();
  count = 0;

  /** Writes over the beginning or appends; a time that the file system tells apart from those of the trees is the result of both. */
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

  /** Whether a file differs from what was stored only because it was edited after a restore had begun to link it. */
  explain(path: string, restoreBegunMs: number): boolean {
    const { dev, ino } = lstatSync(path);
    const endedMs = this.#endedMs.get(`${dev} ${ino}`);
    return endedMs !== undefined && endedMs >= restoreBegunMs && readFileSync(path).includes(MARK);
  }
}
