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
  /** What no entry needed in the first place. */
  readonly garbage: { readonly count: number; readonly bytes: number };
  /** Packs of which nothing is needed, and packs that were rewritten without what is not needed. */
  readonly packs: {
    readonly removedCount: number;
    readonly removedBytes: number;
    readonly rewrittenCount: number;
    readonly rewrittenFreedBytes: number;
  };
  readonly kept: { readonly entryCount: number; readonly bytes: number };
  readonly nowMs: number;
}

/** Of a cache that nothing was ever stored in. */
export const NOTHING_CLEANED: Omit<CleanResult, "nowMs"> = {
  removed: [],
  garbage: { count: 0, bytes: 0 },
  packs: { removedCount: 0, removedBytes: 0, rewrittenCount: 0, rewrittenFreedBytes: 0 },
  kept: { entryCount: 0, bytes: 0 },
};

/** What a plan comes to. Contents of packs take fractions of their blocks. */
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
