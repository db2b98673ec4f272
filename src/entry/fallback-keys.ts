import type { Pause } from "../base/pause.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { listKeyNames } from "../inventory/list-key-names.ts";
import { keyNamePrefix } from "../key/key-file-name.ts";
import { listKeys } from "./list-keys.ts";

/** The keys of a cache by prefix. The cache is listed when the first prefix is asked for, and only then. */
export class FallbackKeys {
  readonly #cache: CacheDirectory;
  readonly #pause: Pause;
  #names: readonly string[] | undefined;

  /** @param pause called between two keys */
  constructor(cache: CacheDirectory, pause: Pause) {
    this.#cache = cache;
    this.#pause = pause;
  }

  /**
   * Newest first. Only files whose names begin like the prefix are read.
   * @throws BtdtError CACHE_FORMAT_NEWER, CACHE_NOT_ACCESSIBLE; whatever `pause` throws
   */
  async *list(prefix: string): AsyncGenerator<string> {
    this.#names ??= listKeyNames(this.#cache);
    const namePrefix = keyNamePrefix(prefix);
    const names = this.#names.filter((name) => name.startsWith(namePrefix));
    for (const { key } of await listKeys(this.#cache, this.#pause, names)) {
      if (key.startsWith(prefix)) yield key;
    }
  }
}
