import type { CacheDirectory } from "../cache/cache-directory.ts";
import { listKeys } from "../entry/list-keys.ts";

/**
 * The keys that a restore tries: those given, then for each prefix the keys that begin with it, the one stored last first. The cache is
 * looked through only when it comes to that.
 * @throws BtdtError CACHE_FORMAT_NEWER, CACHE_NOT_ACCESSIBLE
 */
export function* candidateKeys(request: {
  readonly cache: CacheDirectory;
  readonly keys: readonly string[];
  readonly fallbackPrefixes: readonly string[];
}): Generator<string, void> {
  yield* request.keys;
  if (request.fallbackPrefixes.length === 0) return;
  const tried = new Set(request.keys);
  const stored = listKeys(request.cache);
  for (const prefix of request.fallbackPrefixes) {
    for (const { key } of stored) {
      if (tried.has(key) || !key.startsWith(prefix)) continue;
      tried.add(key);
      yield key;
    }
  }
}
