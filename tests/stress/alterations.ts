import { chmodSync, lstatSync, utimesSync } from "node:fs";

/** What tools did to the attributes of restored files, and so of their objects, without touching the contents. */
export class Alterations {
  /** When the last one of each inode ended, by file system. */
  readonly #endedMs = new Map<string, number>();
  count = 0;

  /** Gives a file another mode, as kubelet's `fsGroup` does, or another time, as `touch` does. */
  alter(path: string, isOfMode: boolean, seconds: number): void {
    const { dev, ino, mode } = lstatSync(path);
    if (isOfMode) chmodSync(path, (mode & 0o777) ^ 0o060);
    else utimesSync(path, seconds, seconds);
    this.#endedMs.set(`${dev} ${ino}`, performance.now());
    this.count += 1;
  }

  /**
   * Whether a file differs from what was stored only because it was altered after a restore had started to link it.
   * @param expected,actual descriptions of a snapshot
   */
  explain(path: string, expected: string | undefined, actual: string, restoreBegunMs: number): boolean {
    if (expected === undefined || contentOf(expected) !== contentOf(actual)) return false;
    const { dev, ino } = lstatSync(path);
    const endedMs = this.#endedMs.get(`${dev} ${ino}`);
    return endedMs !== undefined && endedMs >= restoreBegunMs;
  }
}

function contentOf(description: string): string {
  return description.replace(/^file \d+ /, "file ").replace(/ mtime -?\d+$/, "");
}
