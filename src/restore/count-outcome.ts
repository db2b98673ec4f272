import { countRestore, type Outcome } from "../cache/restore-counts.ts";
import type { Runtime } from "../work/runtime.ts";
import type { RestoreRequest, RestoreResult } from "./request.ts";
import { restoreEntry } from "./restore.ts";

/** Restores, and counts how it went for `btdt stats`. @throws BtdtError */
export async function restoreCounted(request: RestoreRequest, runtime: Runtime): Promise<RestoreResult> {
  const result = await restoreEntry(request, runtime);
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
