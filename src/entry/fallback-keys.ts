import type { CacheDirectory } from "../cache/cache-directory.ts";
import { listKeys } from "./list-keys.ts";

/**
 * For each prefix in turn, the keys that start with it, newest first, except those already tried. The cache is listed
 * only if there is a prefix.
 * @throws BtdtError CACHE_FORMAT_NEWER, CACHE_NOT_ACCESSIBLE
 */
export function listFallbackKeys(request: {
  readonly cache: CacheDirectory;
  readonly keys: readonly string[];
  readonly fallbackPrefixes: readonly string[];
}): string[] {
  if (request.fallbackPrefixes.length === 0) return [];
  const tried = new Set(request.keys);
  const stored = listKeys(request.cache);
  const fallbacks = new Set<string>();
  for (const prefix of request.fallbackPrefixes) {
    for (const { key } of stored) if (key.startsWith(prefix) && !tried.has(key)) fallbacks.add(key);
  }
  return [...fallbacks];
}
