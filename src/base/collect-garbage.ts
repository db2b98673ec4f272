/** Below this, it would take longer than the memory is worth. */
const FEWEST_FILES = 1_000_000;

/**
 * To be called where much of what was made for each file of a tree has become garbage. The engine collects it when its
 * own heap grows, not when other memory is needed.
 */
export function collectGarbage(fileCount: number): void {
  if (fileCount >= FEWEST_FILES) Bun.gc(true);
}

/** Of many trees, each too small to be worth it. */
const MOST_UNCOLLECTED_FILES = 3 * FEWEST_FILES;

/** The same where trees are read one after another: about 100 bytes for each file would pile up. */
export class TreeGarbage {
  #fileCount = 0;

  add(fileCount: number): void {
    this.#fileCount += fileCount;
    if (fileCount < FEWEST_FILES && this.#fileCount < MOST_UNCOLLECTED_FILES) return;
    this.#fileCount = 0;
    Bun.gc(true);
  }
}
