import type { Pause } from "../base/pause.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { listKeys } from "./list-keys.ts";

/**
 * For each prefix in turn, the keys that start with it, newest first, except those already tried. The cache is listed
 * only if there is a prefix.
 * @param pause called between two keys
 * @throws BtdtError CACHE_FORMAT_NEWER, CACHE_NOT_ACCESSIBLE; whatever `pause` throws
 */
export async function listFallbackKeys(
  request: {
    readonly cache: CacheDirectory;
    readonly keys: readonly string[];
    readonly fallbackPrefixes: readonly string[];
  },
  pause: Pause,
): Promise<string[]> {
  if (request.fallbackPrefixes.length === 0) return [];
  const tried = new Set(request.keys);
  const stored = await listKeys(request.cache, pause);
  const fallbacks = new Set<string>();
  for (const prefix of request.fallbackPrefixes) {
    for (const { key } of stored) if (key.startsWith(prefix) && !tried.has(key)) fallbacks.add(key);
  }
  return [...fallbacks];
}
