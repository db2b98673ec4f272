import { isBtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { Session } from "../cache/session.ts";
import { flushIfCheap } from "../durability/flush.ts";
import { Suspects } from "../durability/suspects.ts";
import { listOwnMarks } from "../durability/unflushed-marks.ts";

/** What a restore finds out about a cache, and opens in it, once for all keys. */
export class CacheUse {
  readonly #cache: CacheDirectory;
  #suspects: Suspects | undefined;
  #areSuspectsKnown = false;
  #session: Session | undefined;
  #isSessionWanted = false;

  constructor(cache: CacheDirectory) {
    this.#cache = cache;
  }

  /** @throws BtdtError CACHE_FORMAT_NEWER */
  findSuspects(): Suspects | undefined {
    if (!this.#areSuspectsKnown) this.#suspects = Suspects.find(this.#cache);
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
    flushIfCheap(this.#cache, listOwnMarks(this.#cache, this.#session));
    this.#session.close();
  }

  #openIfWritable(): Session | undefined {
    const cache = this.#cache;
    if (cache.isReadOnly || !cache.isPrepared()) return undefined;
    try {
      return Session.open(cache);
    } catch (error) {
      if (isBtdtError(error, "CACHE_WRITE_FAILED")) return undefined;
      throw error;
    }
  }
}
