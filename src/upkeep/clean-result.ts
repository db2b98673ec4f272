import type { Garbage } from "../inventory/garbage.ts";
import type { PackPlan } from "./pack-plan.ts";
import type { CleanPlan, EvictionReason } from "./plan.ts";

export interface CleanResult {
  /** Entries that were evicted. */
  readonly removed: readonly {
    readonly keys: readonly string[];
    readonly lastUsedMs: number;
    readonly freedBytes: number;
    readonly reason: EvictionReason;
  }[];
  /** What no entry needed even before. */
  readonly garbage: { readonly count: number; readonly bytes: number };
  /** Packs that nothing needs, and packs that were rewritten without unneeded contents. */
  readonly packs: {
    readonly removedCount: number;
    readonly removedBytes: number;
    readonly rewrittenCount: number;
    readonly rewrittenFreedBytes: number;
  };
  readonly kept: { readonly entryCount: number; readonly bytes: number };
  readonly nowMs: number;
}

/** For a cache in which nothing was ever stored. */
export const NOTHING_CLEANED: Omit<CleanResult, "nowMs"> = {
  removed: [],
  garbage: { count: 0, bytes: 0 },
  packs: { removedCount: 0, removedBytes: 0, rewrittenCount: 0, rewrittenFreedBytes: 0 },
  kept: { entryCount: 0, bytes: 0 },
};

/** The result of a plan. Contents of packs take fractions of their blocks. */
export function summarize(plan: CleanPlan, garbage: Garbage, packPlan: PackPlan, nowMs: number): CleanResult {
  return {
    removed: plan.evictions.map(({ entry, reason, freedBytes }) => {
      return { keys: entry.keys, lastUsedMs: entry.lastUsedMs, freedBytes: Math.round(freedBytes), reason };
    }),
    garbage: {
      count: plan.garbageFileCount + garbage.count,
      bytes: plan.garbageBytes + garbage.bytes,
    },
    packs: {
      removedCount: packPlan.removed.length,
      removedBytes: packPlan.removedBytes,
      rewrittenCount: packPlan.rewritten.length,
      rewrittenFreedBytes: packPlan.rewrittenFreedBytes,
    },
    kept: { entryCount: plan.kept.length, bytes: Math.round(plan.keptBytes) },
    nowMs,
  };
}
