import { isBtdtError } from "../base/errors.ts";
import { Session } from "../cache/session.ts";
import { flushIfCheap } from "../durability/flush.ts";
import { Suspects } from "../durability/suspects.ts";
import { listOwnMarks } from "../durability/unflushed-marks.ts";
import type { KeySource } from "../entry/try-keys.ts";
import type { EntrySource } from "./entry-source.ts";
import { examineNamedPlaces, type Place, type RestorePlaces } from "./places.ts";

/** One of the caches that a restore looks in, and what is found out about it once, for all keys. */
export class SourceUse implements KeySource {
  readonly source: EntrySource;
  /** None of them is in the cache. */
  readonly named: readonly Place[];
  #suspects: Suspects | undefined;
  #areSuspectsKnown = false;
  #session: Session | undefined;
  #isSessionWanted = false;

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

  /** @throws BtdtError CACHE_FORMAT_NEWER */
  findSuspects(): Suspects | undefined {
    if (!this.#areSuspectsKnown) this.#suspects = Suspects.find(this.source.cache);
    this.#areSuspectsKnown = true;
    return this.#suspects;
  }

  /** With a session, a restore can repair objects. In a read-only cache, it does without: undefined. */
  openSession(): Session | undefined {
    if (!this.#isSessionWanted) this.#session = this.#openIfWritable();
    this.#isSessionWanted = true;
    return this.#session;
  }

  close(): void {
    if (this.#session === undefined) return;
    flushIfCheap(this.source.cache, listOwnMarks(this.source.cache, this.#session));
    this.#session.close();
  }

  #openIfWritable(): Session | undefined {
    const { cache } = this.source;
    if (cache.isReadOnly || !cache.isPrepared()) return undefined;
    try {
      return Session.open(cache);
    } catch (error) {
      if (isBtdtError(error, "CACHE_WRITE_FAILED")) return undefined;
      throw error;
    }
  }
}
