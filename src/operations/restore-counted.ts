import { countRestore, type Outcome } from "../backends/restore-counts.ts";
import { type RestoreRequest, type RestoreResult, restoreTree } from "./restore-tree.ts";
import type { Runtime } from "./runtime.ts";

/** Restores, and counts how it went for `btdt stats`. @throws BtdtError */
export async function restoreCounted(request: RestoreRequest, runtime: Runtime): Promise<RestoreResult> {
  const result = await restoreTree(request, runtime);
  countRestore(request.cache, outcomeOf(result), runtime.nowMs());
  return result;
}

export function outcomeOf(result: RestoreResult): Outcome {
  switch (result.kind) {
    case "missed":
      return "miss";
    case "restored":
      return result.isPrimary ? "hit" : "fallback";
  }
}
