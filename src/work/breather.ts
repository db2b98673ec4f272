import { BtdtError } from "../base/errors.ts";

const LONGEST_BREATH_MS = 20;

/**
 * For long work on the calling thread: what it calls between two steps. It gives way now and then, and throws once the work is
 * to stop.
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
 * For work that goes from one end to the other on the calling thread: asked now and then, it gives way, so that signals are
 * heard and timers go off, but not so often that it would cost anything.
 */
export class Breather {
  #sinceNs = Bun.nanoseconds();

  async breathe(): Promise<void> {
    if (Bun.nanoseconds() - this.#sinceNs < LONGEST_BREATH_MS * 1e6) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#sinceNs = Bun.nanoseconds();
  }
}
