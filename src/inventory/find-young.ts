import type { PackContents } from "../packs/contents/pack-contents.ts";
import type { CachedEntry } from "./inventory.ts";
import type { Items } from "./items.ts";

/** How long recent changes are protected, by the file system's clock. */
export interface Grace {
  /** Protects everything: without locks, some process may be about to need it. */
  readonly anyMs: number;
  /** Protects what no entry needs: if listings may be stale, the key that needs it may be missing from one. */
  readonly unneededMs: number;
}

export const NO_GRACE: Grace = { anyMs: 0, unneededMs: 0 };

/** The items that are protected because they are young. */
export function findYoung(
  items: Items,
  packs: PackContents,
  entries: readonly CachedEntry[],
  nowMs: number,
  grace: Grace,
): number[] {
  if (grace.anyMs === 0 && grace.unneededMs === 0) return [];
  const needed = new Set<number>();
  for (const entry of entries) for (const item of entry.items) needed.add(item);
  const young: number[] = [];
  for (const [item, { changedMs }] of items.files()) {
    // What has changed since then is as young as can be.
    const ageMs = Math.max(0, nowMs - changedMs);
    if (ageMs < grace.anyMs || (ageMs < grace.unneededMs && !needed.has(item))) young.push(item);
  }
  for (const [pack, { madeMs }] of packs.packs.entries()) {
    // Those that are spared anyway are left to the plan.
    const packItems = nowMs - madeMs < grace.unneededMs ? items.itemsOfPack(pack) : [];
    if (!packItems.some((item) => needed.has(item))) young.push(...packItems);
  }
  return young;
}
