import { escapeControls } from "../base/byte-string.ts";
import { formatDuration } from "../base/duration.ts";
import { isBtdtError } from "../base/errors.ts";
import type { Pause } from "../base/pause.ts";
import { explainMiss, type MissExplanation } from "../entry/explain-miss.ts";
import type { UnusableKey } from "../entry/find-entry.ts";
import { createPause } from "../work/breather.ts";
import type { CommandContext } from "./command-context.ts";
import { formatCount, joinSome } from "./describe.ts";
import type { OpenedCache } from "./open-addressed-cache.ts";

/** Scripts look for this line. */
export const MISS_MARKER = "Keys not found in cache.";

/** What was looked for and not found. */
interface Miss {
  readonly keys: readonly string[];
  readonly fallbackPrefixes: readonly string[];
  readonly unusable: readonly UnusableKey[];
}

/** Reports that no key was found: which ones, and which similar keys the cache has. @throws BtdtError CANCELLED */
export async function reportMiss(
  cache: OpenedCache,
  miss: Miss,
  { output, runtime }: CommandContext,
): Promise<void> {
  output.printMarker(MISS_MARKER);
  output.note(describeMiss(miss));
  const unusableKeys = miss.unusable.map(({ key }) => key);
  try {
    const explanation = await explain(cache, miss.keys, unusableKeys, createPause(runtime.isCancelled));
    for (const sentence of describeAlternatives(explanation, unusableKeys.length, runtime.nowMs()))
      output.note(sentence);
  } catch (error) {
    // Failing to explain a miss must not turn it into an error.
    if (!isBtdtError(error) || error.code === "CANCELLED") throw error;
    output.note(error.message);
  }
}

async function explain(
  cache: OpenedCache,
  keys: readonly string[],
  unusableKeys: readonly string[],
  pause: Pause,
): Promise<MissExplanation> {
  switch (cache.kind) {
    case "directory":
      return await explainMiss(cache.directory, keys, unusableKeys, pause);
    case "bucket":
      return await cache.bucket.explainMiss(keys, unusableKeys);
  }
}

/** `no entry for npm-3f2a, npm-main, then prefix npm-`, in the order in which they were tried. */
function describeMiss({ keys, fallbackPrefixes, unusable }: Miss): string {
  const entry = unusable.length === 0 ? "entry" : "usable entry";
  const prefix = fallbackPrefixes.length === 1 ? "prefix" : "prefixes";
  const prefixes = fallbackPrefixes.length === 0 ? "" : `, then ${prefix} ${joinSome(fallbackPrefixes)}`;
  return `no ${entry} for ${joinSome(keys)}${prefixes}`;
}

function describeAlternatives(
  { keyCount, nearest }: MissExplanation,
  unusableCount: number,
  nowMs: number,
): string[] {
  if (keyCount === 0) return [unusableCount === 0 ? "the cache is empty" : "the cache has no other key"];
  if (nearest.length === 0) {
    const keys = unusableCount === 0 ? formatCount(keyCount, "key") : formatCount(keyCount, "other key");
    return [`the cache has ${keys}, none with a similar name`];
  }
  return nearest.map(({ key, storedAt }) => {
    const age = formatDuration(nowMs - Date.parse(storedAt));
    return `the cache has ${escapeControls(key)}, stored ${age} ago`;
  });
}
