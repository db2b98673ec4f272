import { printable } from "../base/byte-string.ts";
import { formatDuration } from "../base/duration.ts";
import type { MissExplanation } from "../operations/explain-miss.ts";
import { count } from "./describe.ts";

/** Sentences for the user who wonders about a miss. */
export function describeMiss({ keyCount, nearest }: MissExplanation, nowMs: number): string[] {
  if (keyCount === 0) return ["the cache is empty"];
  if (nearest.length === 0) return [`the cache has ${count(keyCount, "key")}, none that begins like these`];
  return nearest.map(({ key, storedAt }) => {
    const age = formatDuration(nowMs - Date.parse(storedAt));
    return `the cache has ${printable(key)}, stored ${age} ago`;
  });
}
