/** When something happened, in milliseconds: it may have had its effect at any moment from `begunMs` to `endedMs`. */
export interface Interval {
  readonly begunMs: number;
  readonly endedMs: number;
}

interface Store {
  readonly version: number;
  readonly begunMs: number;
  endedMs: number;
  /** It surely had its effect: it was not killed, and succeeded. */
  isDone: boolean;
}

/** Which stores there were, and so what a key may give at a moment. */
export class Ledger {
  readonly #stores = new Map<string, Store[]>();
  readonly #deletions = new Map<string, { begunMs: number; endedMs: number }[]>();

  keys(): string[] {
    return [...this.#stores.keys()];
  }

  /** To be called before the process starts; the answer is to be called when it has ended. */
  begin(key: string, nowMs: number): { readonly version: number; end(isDone: boolean, nowMs: number): void } {
    const stores = this.#stores.get(key) ?? [];
    this.#stores.set(key, stores);
    const store: Store = {
      version: stores.length + 1,
      begunMs: nowMs,
      endedMs: Number.POSITIVE_INFINITY,
      isDone: false,
    };
    stores.push(store);
    return {
      version: store.version,
      end: (isDone, endedMs) => {
        Object.assign(store, { isDone, endedMs });
      },
    };
  }

  /** To be called before a key is deleted; the answer is to be called afterwards. */
  beginDeletion(key: string, nowMs: number): (nowMs: number) => void {
    const deletion = { begunMs: nowMs, endedMs: Number.POSITIVE_INFINITY };
    this.#deletions.set(key, [...(this.#deletions.get(key) ?? []), deletion]);
    return (endedMs) => {
      deletion.endedMs = endedMs;
    };
  }

  /** Whether a restore in that time may have found nothing: no store surely put it there before, or it may have been deleted since. */
  mayMiss(key: string, restore: Interval): boolean {
    const there = (this.#stores.get(key) ?? []).filter(
      (store) => store.isDone && store.endedMs < restore.begunMs,
    );
    const deletions = this.#deletions.get(key) ?? [];
    return there.every((store) =>
      deletions.some(({ begunMs, endedMs }) => endedMs > store.begunMs && begunMs < restore.endedMs),
    );
  }

  /** Whether a restore in that time may have brought this version: it was there, and not surely replaced before. */
  mayGive(key: string, version: number, restore: Interval): boolean {
    const stores = this.#stores.get(key) ?? [];
    const store = stores.find((each) => each.version === version);
    if (store === undefined || store.begunMs > restore.endedMs) return false;
    return !stores.some(
      (later) => later.isDone && later.begunMs > store.endedMs && later.endedMs < restore.begunMs,
    );
  }
}
