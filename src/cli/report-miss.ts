import { escapeControls } from "../base/byte-string.ts";
import { formatDuration } from "../base/duration.ts";
import { BtdtError } from "../base/errors.ts";
import { explainMiss, type MissExplanation } from "../entry/explain-miss.ts";
import type { CommandContext } from "./command-context.ts";
import { count } from "./describe.ts";

/** Says that no key was found, and what the cache has instead. */
export function reportMiss(
  cache: Parameters<typeof explainMiss>[0],
  keys: readonly string[],
  { output, runtime }: CommandContext,
): void {
  output.plainNote("Keys not found in cache.");
  try {
    for (const sentence of describe(explainMiss(cache, keys), runtime.nowMs())) output.note(sentence);
  } catch (error) {
    // An explanation that cannot be had must not make an error of a miss.
    if (!(error instanceof BtdtError)) throw error;
    output.note(error.message);
  }
}

function describe({ keyCount, nearest }: MissExplanation, nowMs: number): string[] {
  if (keyCount === 0) return ["the cache is empty"];
  if (nearest.length === 0) return [`the cache has ${count(keyCount, "key")}, none with a similar name`];
  return nearest.map(({ key, storedAt }) => {
    const age = formatDuration(nowMs - Date.parse(storedAt));
    return `the cache has ${escapeControls(key)}, stored ${age} ago`;
  });
}
