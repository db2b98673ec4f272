import { BtdtError } from "../base/errors.ts";

const LONGEST_BREATH_MS = 20;

/**
 * For long work on the calling thread, to be called between two steps. It yields now and then, and throws once the
 * work should stop.
 * @throws BtdtError CANCELLED
 */
export function createPause(isCancelled: () => boolean): () => Promise<void> {
  const breather = new Breather();
  return async () => {
    await breather.breathe();
    if (isCancelled()) throw new BtdtError("CANCELLED", "stopped before it was done");
  };
}

/**
 * Yields now and then during synchronous work on the calling thread, so that signals are noticed and timers fire, but
 * rarely enough to cost nothing.
 */
export class Breather {
  #sinceNs = Bun.nanoseconds();

  async breathe(): Promise<void> {
    if (Bun.nanoseconds() - this.#sinceNs < LONGEST_BREATH_MS * 1e6) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#sinceNs = Bun.nanoseconds();
  }
}
