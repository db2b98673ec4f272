const MOST_TOKENS = 500;
const PRICE = 5;

/**
 * Limits how many requests of a process are repeated, so that a server in trouble is not loaded with several times the
 * requests: a repetition costs five tokens, and every request that succeeds earns one. After the "standard" mode of the
 * AWS SDKs: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
 */
export class RetryBudget {
  #tokens = MOST_TOKENS;

  /** False if there is nothing left. */
  take(): boolean {
    if (this.#tokens < PRICE) return false;
    this.#tokens -= PRICE;
    return true;
  }

  earn(): void {
    this.#tokens = Math.min(this.#tokens + 1, MOST_TOKENS);
  }
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5000;

/**
 * How long to wait before repeating a request for the `repetition`th time, from 1 on: anything up to a limit that
 * doubles ("full jitter"), so that many clients do not come back at once.
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function choosePauseMs(repetition: number, random: number): number {
  return random * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (repetition - 1));
}
