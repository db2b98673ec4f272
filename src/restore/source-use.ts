import type { KeySource } from "../entry/try-keys.ts";
import type { CacheUse } from "./cache-use.ts";
import type { EntrySource } from "./entry-source.ts";
import { examineNamedPlaces, type Place, type RestorePlaces } from "./places.ts";

/** One of the caches that a restore looks in, and what is found out about it once, for all keys. */
export class SourceUse implements KeySource {
  readonly source: EntrySource;
  /** None of them is in the cache. */
  readonly named: readonly Place[];
  #cacheUse: CacheUse | undefined;

  /** @throws BtdtError like `examineNamedPlaces` */
  constructor(source: EntrySource, places: RestorePlaces) {
    this.source = source;
    this.named = examineNamedPlaces(places, source.cache.root);
  }

  get address(): string {
    return this.source.address;
  }

  listFallbackKeys(prefix: string): AsyncIterable<string> {
    return this.source.listFallbackKeys(prefix);
  }

  /** What placing an entry needs of the cache; a miss does without. */
  async useCache(): Promise<CacheUse> {
    const { CacheUse } = await import("./cache-use.ts");
    this.#cacheUse ??= new CacheUse(this.source.cache);
    return this.#cacheUse;
  }

  close(): void {
    this.#cacheUse?.close();
  }
}
