import type { PackContents } from "../packs/contents/pack-contents.ts";
import type { NeedTotals } from "./count-needs.ts";
import type { Items } from "./items.ts";

/** How long recent changes are protected, by the file system's clock. */
export interface Grace {
  /** Protects everything: without locks, some process may be about to need it. */
  readonly anyMs: number;
  /** Protects what no entry needs: if listings may be stale, the key that needs it may be missing from one. */
  readonly unneededMs: number;
}

export const NO_GRACE: Grace = { anyMs: 0, unneededMs: 0 };

/** Whether it matters when something changed. */
export function protectsYoung({ anyMs, unneededMs }: Grace): boolean {
  return anyMs > 0 || unneededMs > 0;
}

/** The items that are protected because they are young. */
export function findYoung(
  items: Items,
  packs: PackContents,
  { counts }: Pick<NeedTotals, "counts">,
  nowMs: number,
  grace: Grace,
): number[] {
  if (!protectsYoung(grace)) return [];
  const isNeeded = (item: number): boolean => counts.entriesOf(item) > 0;
  const young: number[] = [];
  for (let item = items.firstFile; item < items.count; item++) {
    // What has changed since then is as young as can be.
    const ageMs = Math.max(0, nowMs - items.changedMsOf(item));
    if (ageMs < grace.anyMs || (ageMs < grace.unneededMs && !isNeeded(item))) young.push(item);
  }
  for (const [pack, { madeMs }] of packs.packs.entries()) {
    // Packs that are spared anyway are left to the plan.
    const packItems = nowMs - madeMs < grace.unneededMs ? items.itemsOfPack(pack) : [];
    if (packItems.some(isNeeded)) continue;
    for (const item of packItems) young.push(item);
  }
  return young;
}
