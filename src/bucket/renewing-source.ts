import { isBtdtError } from "../base/errors.ts";

/** Credentials with the time at which they stop being accepted; undefined: never. */
export interface Timed<T> {
  readonly value: T;
  readonly expiresMs: number | undefined;
}

/** Where credentials come from. */
export interface CredentialSource<T> {
  /** @throws BtdtError BUCKET_NOT_ACCESSIBLE if there are none. */
  current(): Promise<T>;
  /** Makes the next call ask for new ones. */
  renew(): void;
}

/** Before credentials expire, new ones are asked for. */
const MARGIN_MS = 5 * 60_000;

/** Requests that fail together with expired credentials ask for new ones once. */
const RENEWAL_PAUSE_MS = 10_000;

/** After a renewal has failed, the old ones are used for so long before the next attempt. */
const FAILURE_PAUSE_MS = 30_000;

/** Keeps credentials as long as they are valid. All requests that need new ones wait for the same answer. */
export class RenewingSource<T> implements CredentialSource<T> {
  readonly #ask: () => Promise<Timed<T>>;
  readonly #nowMs: () => number;
  #current: (Timed<T> & { readonly askedMs: number }) | undefined;
  #pending: Promise<T> | undefined;
  #nextAttemptMs = 0;

  /** @param ask throws BtdtError BUCKET_NOT_ACCESSIBLE */
  constructor(ask: () => Promise<Timed<T>>, nowMs: () => number) {
    this.#ask = ask;
    this.#nowMs = nowMs;
  }

  async current(): Promise<T> {
    const current = this.#current;
    const nowMs = this.#nowMs();
    if (current !== undefined && (!isDue(current, nowMs) || nowMs < this.#nextAttemptMs))
      return current.value;
    this.#pending ??= this.#fetch().finally(() => {
      this.#pending = undefined;
    });
    return await this.#pending;
  }

  renew(): void {
    const current = this.#current;
    if (current !== undefined && this.#nowMs() - current.askedMs > RENEWAL_PAUSE_MS)
      this.#current = undefined;
  }

  async #fetch(): Promise<T> {
    try {
      const answer = await this.#ask();
      this.#current = { ...answer, askedMs: this.#nowMs() };
      return answer.value;
    } catch (error) {
      const current = this.#current;
      // They are still valid for some minutes.
      if (!isBtdtError(error) || current === undefined || (current.expiresMs ?? 0) <= this.#nowMs())
        throw error;
      this.#nextAttemptMs = this.#nowMs() + FAILURE_PAUSE_MS;
      return current.value;
    }
  }
}

function isDue({ expiresMs }: Timed<unknown>, nowMs: number): boolean {
  return expiresMs !== undefined && expiresMs - nowMs < MARGIN_MS;
}
