const LONGEST_BREATH_MS = 20;

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
