import { escapeControls } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { formatSize } from "../base/size.ts";
import type { CleanResult } from "../upkeep/clean-result.ts";
import type { CleanLimits } from "../upkeep/plan.ts";
import type { CommandContext } from "./command-context.ts";
import { formatCount } from "./describe.ts";

/** Leaves room for some stores before the next one has to take stock of the whole cache. */
const TARGET_RATIO = 0.9;

/** Cleans the cache that was stored in. */
export type CleanWithin = (limits: Omit<CleanLimits, "nowMs" | "maxAgeMs">) => Promise<CleanResult>;

/**
 * If the cache takes more than a size, evicts the least recently used entries, except for the one that was just stored.
 * Its store has succeeded: whatever fails now is only a warning.
 * @param keys of that entry
 * @throws BtdtError CANCELLED
 */
export async function keepBelow(
  maxSizeBytes: number,
  keys: readonly string[],
  clean: CleanWithin,
  context: CommandContext,
): Promise<CleanResult["removed"]> {
  const { runtime } = context;
  try {
    const targetSizeBytes = Math.floor(maxSizeBytes * TARGET_RATIO);
    const cleaned = await clean({ maxSizeBytes, targetSizeBytes, sparedKeys: new Set(keys) });
    reportEvictions(cleaned, context);
    if (cleaned.kept.bytes > maxSizeBytes) {
      runtime.onWarning(
        `the cache takes ${formatSize(cleaned.kept.bytes)}, more than ${formatSize(maxSizeBytes)}: nothing else can be evicted`,
      );
    }
    return cleaned.removed;
  } catch (error) {
    if (!(error instanceof BtdtError) || error.code === "CANCELLED") throw error;
    runtime.onWarning(`the cache was not kept below ${formatSize(maxSizeBytes)}: ${error.message}`);
    return [];
  }
}

export function reportEvictions({ removed }: CleanResult, { output }: CommandContext): void {
  if (removed.length === 0) return;
  const freed = formatSize(removed.reduce((sum, entry) => sum + entry.freedBytes, 0));
  output.note(`evicted ${formatCount(removed.length, "entry", "entries")} to make room: frees ${freed}`);
  for (const { keys } of removed) output.noteDetail(`evicted ${keys.map(escapeControls).join(", ")}`);
}
