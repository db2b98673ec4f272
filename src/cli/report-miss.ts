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
import { addressOf, type CachesToRead } from "./open-caches.ts";

/** Scripts look for this line. */
export const MISS_MARKER = "Keys not found in cache.";

/** What was looked for and not found. */
interface Miss {
  readonly keys: readonly string[];
  readonly fallbackPrefixes: readonly string[];
  readonly unusable: readonly UnusableKey[];
}

/** Reports that no key was found: which ones, and which similar keys the caches have. @throws BtdtError CANCELLED */
export async function reportMiss(caches: CachesToRead, miss: Miss, context: CommandContext): Promise<void> {
  context.output.printMarker(MISS_MARKER);
  context.output.note(describeMiss(miss));
  for (const cache of caches) {
    await reportAlternatives(cache, caches.length === 1 ? "the cache" : addressOf(cache), miss, context);
  }
}

async function reportAlternatives(
  cache: OpenedCache,
  name: string,
  miss: Miss,
  { output, runtime }: CommandContext,
): Promise<void> {
  const unusableKeys = miss.unusable.map(({ key }) => key);
  try {
    const explanation = await explain(cache, miss.keys, unusableKeys, createPause(runtime.isCancelled));
    const nowMs = runtime.nowMs();
    for (const sentence of describeAlternatives(name, explanation, unusableKeys.length, nowMs))
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
  name: string,
  { keyCount, nearest }: MissExplanation,
  unusableCount: number,
  nowMs: number,
): string[] {
  if (keyCount === 0) return [unusableCount === 0 ? `${name} is empty` : `${name} has no other key`];
  if (nearest.length === 0) {
    const keys = unusableCount === 0 ? formatCount(keyCount, "key") : formatCount(keyCount, "other key");
    return [`${name} has ${keys}, none with a similar name`];
  }
  return nearest.map(({ key, storedAt }) => {
    const age = formatDuration(nowMs - Date.parse(storedAt));
    return `${name} has ${escapeControls(key)}, stored ${age} ago`;
  });
}
