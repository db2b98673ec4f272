import type { Pause } from "../base/pause.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { listKeys, type StoredKey } from "./list-keys.ts";

/** The keys of a cache by prefix. The cache is listed when the first prefix is asked for, and only then. */
export class FallbackKeys {
  readonly #cache: CacheDirectory;
  readonly #pause: Pause;
  #stored: readonly StoredKey[] | undefined;

  /** @param pause called between two keys */
  constructor(cache: CacheDirectory, pause: Pause) {
    this.#cache = cache;
    this.#pause = pause;
  }

  /**
   * Newest first.
   * @throws BtdtError CACHE_FORMAT_NEWER, CACHE_NOT_ACCESSIBLE; whatever `pause` throws
   */
  async *list(prefix: string): AsyncGenerator<string> {
    this.#stored ??= await listKeys(this.#cache, this.#pause);
    for (const { key } of this.#stored) if (key.startsWith(prefix)) yield key;
  }
}
