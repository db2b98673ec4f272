import { escapeControls } from "../base/byte-string.ts";
import { formatDuration } from "../base/duration.ts";
import { BtdtError } from "../base/errors.ts";
import { explainMiss, type MissExplanation } from "../entry/explain-miss.ts";
import type { CommandContext } from "./command-context.ts";
import { formatCount } from "./describe.ts";

/** Reports that no key was found, and which similar keys the cache has. */
export function reportMiss(
  cache: Parameters<typeof explainMiss>[0],
  keys: readonly string[],
  { output, runtime }: CommandContext,
): void {
  output.printMarker("Keys not found in cache.");
  try {
    for (const sentence of describeAlternatives(explainMiss(cache, keys), runtime.nowMs()))
      output.note(sentence);
  } catch (error) {
    // Failing to explain a miss must not turn it into an error.
    if (!(error instanceof BtdtError)) throw error;
    output.note(error.message);
  }
}

function describeAlternatives({ keyCount, nearest }: MissExplanation, nowMs: number): string[] {
  if (keyCount === 0) return ["the cache is empty"];
  if (nearest.length === 0)
    return [`the cache has ${formatCount(keyCount, "key")}, none with a similar name`];
  return nearest.map(({ key, storedAt }) => {
    const age = formatDuration(nowMs - Date.parse(storedAt));
    return `the cache has ${escapeControls(key)}, stored ${age} ago`;
  });
}
