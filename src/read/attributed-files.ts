/** The files of a tree that had extended attributes when they were read, by their numbers in its manifest. */
export class AttributedFiles {
  readonly #files: number[] = [];

  /** @param positions counted from `firstFile` */
  add(firstFile: number, positions: readonly number[]): void {
    for (const position of positions) this.#files.push(firstFile + position);
  }

  /** 1 for each of them, in memory shared between threads. */
  flag(fileCount: number): Uint8Array {
    const flags = new Uint8Array(new SharedArrayBuffer(fileCount));
    for (const file of this.#files) flags[file] = 1;
    return flags;
  }
}
