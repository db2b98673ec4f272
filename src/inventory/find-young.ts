import type { CachedEntry } from "./inventory.ts";
import type { Items } from "./items.ts";

/** How long what has just changed is spared, by the file system's clock. */
export interface Grace {
  /** Whatever is said about it: where there are no locks, somebody may be about to need it. */
  readonly anyMs: number;
  /** What no entry needs: where listings may be stale, the key that needs it may be missing from one. */
  readonly unneededMs: number;
}

export const NO_GRACE: Grace = { anyMs: 0, unneededMs: 0 };

/** The files that are spared because they are young. */
export function findYoung(
  items: Items,
  entries: readonly CachedEntry[],
  nowMs: number,
  grace: Grace,
): number[] {
  if (grace.anyMs === 0 && grace.unneededMs === 0) return [];
  const needed = new Set<number>();
  for (const entry of entries) for (const item of entry.items) needed.add(item);
  const young: number[] = [];
  for (const [item, { changedMs }] of items.files()) {
    const ageMs = nowMs - changedMs;
    if (ageMs < grace.anyMs || (ageMs < grace.unneededMs && !needed.has(item))) young.push(item);
  }
  return young;
}
