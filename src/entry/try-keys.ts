import { type BtdtError, type ErrorCode, isBtdtError } from "../base/errors.ts";

/** A cache to search for keys. */
export interface KeySource {
  /** Its address, as the user named it. */
  readonly address: string;
  /** The keys with a prefix, the most recently stored first. */
  listFallbackKeys(prefix: string): AsyncIterable<string>;
}

interface TriedKeys {
  readonly keys: readonly string[];
  readonly fallbackPrefixes: readonly string[];
}

/**
 * Tries keys until one succeeds: each key in each of the caches, then, for each prefix, the keys with it in each of the
 * caches. So a key in any cache comes before all later keys in the first one. Trouble with any cache but the first is a
 * warning; from then on, it counts as empty.
 * @param attempt returns undefined for the next key to be tried
 * @throws BtdtError if the first cache cannot be used, and what `attempt` throws
 */
export async function tryKeys<Source extends KeySource, Result>(
  { keys, fallbackPrefixes }: TriedKeys,
  sources: readonly Source[],
  attempt: (key: string, source: Source) => Promise<Result | undefined>,
  onWarning: (warning: string) => void,
): Promise<Result | undefined> {
  const lost = new Set<Source>();
  const guard = async <Value>(source: Source, action: () => Promise<Value>): Promise<Value | undefined> => {
    if (lost.has(source)) return undefined;
    try {
      return await action();
    } catch (error) {
      if (source === sources[0] || !isCacheTrouble(error)) throw error;
      lost.add(source);
      onWarning(describeCacheTrouble(error));
      return undefined;
    }
  };
  for (const key of keys) {
    for (const source of sources) {
      const result = await guard(source, () => attempt(key, source));
      if (result !== undefined) return result;
    }
  }
  const tried = new Map(sources.map((source) => [source, new Set(keys)]));
  for (const prefix of fallbackPrefixes) {
    for (const source of sources) {
      const result = await guard(source, async () => {
        const known = tried.get(source) ?? new Set();
        for await (const key of source.listFallbackKeys(prefix)) {
          if (known.has(key)) continue;
          known.add(key);
          const found = await attempt(key, source);
          if (found !== undefined) return found;
        }
        return undefined;
      });
      if (result !== undefined) return result;
    }
  }
  return undefined;
}

const TROUBLE: ReadonlySet<ErrorCode> = new Set([
  "CACHE_MISSING",
  "CACHE_NOT_A_DIRECTORY",
  "CACHE_NOT_ACCESSIBLE",
  "CACHE_FORMAT_NEWER",
  "BUCKET_NOT_ACCESSIBLE",
  "BUCKET_UNAVAILABLE",
]);

/** Whether a cache cannot be used, or not at the moment: what is to be restored, and where, may be fine. */
export function isCacheTrouble(error: unknown): error is BtdtError {
  return isBtdtError(error) && TROUBLE.has(error.code);
}

/** For a cache that is not needed. */
export function describeCacheTrouble({ message, hint }: BtdtError): string {
  return `${message}${hint === undefined ? "" : ` (${hint})`}; it counts as empty`;
}
