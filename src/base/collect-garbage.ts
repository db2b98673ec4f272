/** Below this, it would take longer than the memory is worth. */
const FEWEST_FILES = 1_000_000;

/**
 * To be called where much of what was made for each file of a tree has become garbage. The engine collects it when its
 * own heap grows, not when other memory is needed.
 */
export function collectGarbage(fileCount: number): void {
  if (fileCount >= FEWEST_FILES) Bun.gc(true);
}
