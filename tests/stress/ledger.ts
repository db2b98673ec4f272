/** When something happened, in milliseconds: it took effect at some moment from `begunMs` to `endedMs`. */
export interface Interval {
  readonly begunMs: number;
  readonly endedMs: number;
}

interface Store {
  readonly version: number;
  readonly begunMs: number;
  endedMs: number;
  /** It certainly took effect: it was not killed, and succeeded. */
  isDone: boolean;
}

/** Which stores there were, and so what a key may contain at a given moment. */
export class Ledger {
  readonly #stores = new Map<string, Store[]>();
  readonly #deletions = new Map<string, { begunMs: number; endedMs: number }[]>();

  keys(): string[] {
    return [...this.#stores.keys()];
  }

  /** Call it before the process starts, and the result when it has ended. */
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

  /** Call it before a key is deleted, and the result afterwards. */
  beginDeletion(key: string, nowMs: number): (nowMs: number) => void {
    const deletion = { begunMs: nowMs, endedMs: Number.POSITIVE_INFINITY };
    this.#deletions.set(key, [...(this.#deletions.get(key) ?? []), deletion]);
    return (endedMs) => {
      deletion.endedMs = endedMs;
    };
  }

  /**
   * Whether a restore in that time may have found nothing: no store had certainly put it there before, or it may have
   * been deleted since.
   */
  mayMiss(key: string, restore: Interval): boolean {
    const there = (this.#stores.get(key) ?? []).filter(
      (store) => store.isDone && store.endedMs < restore.begunMs,
    );
    const deletions = this.#deletions.get(key) ?? [];
    return there.every((store) =>
      deletions.some(({ begunMs, endedMs }) => endedMs > store.begunMs && begunMs < restore.endedMs),
    );
  }

  /**
   * Whether a restore in that time may have restored this version: it existed, and had not certainly been replaced
   * before.
   */
  mayGive(key: string, version: number, restore: Interval): boolean {
    const stores = this.#stores.get(key) ?? [];
    const store = stores.find((each) => each.version === version);
    if (store === undefined || store.begunMs > restore.endedMs) return false;
    return !stores.some(
      (later) => later.isDone && later.begunMs > store.endedMs && later.endedMs < restore.begunMs,
    );
  }
}
