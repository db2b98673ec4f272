import { markLightFunctions } from "../base/compile-lightly.ts";
import { BtdtError } from "../base/errors.ts";
import type { Pause } from "../base/pause.ts";

const LONGEST_BREATH_MS = 20;

/** A pause that yields now and then. */
export function createPause(isCancelled: () => boolean): Pause {
  const breather = new Breather();
  const assertWanted = (): void => {
    if (isCancelled()) throw new BtdtError("CANCELLED", "stopped before it was done");
  };
  return () => {
    const breath = breather.breathe();
    if (breath !== undefined) return breath.then(assertWanted);
    assertWanted();
    return undefined;
  };
}

/**
 * Yields now and then during synchronous work on the calling thread, so that signals are noticed and timers fire, but
 * rarely enough to cost nothing.
 */
export class Breather {
  #sinceNs = Bun.nanoseconds();

  /** Undefined if it is too soon. */
  breathe(): Promise<void> | undefined {
    if (Bun.nanoseconds() - this.#sinceNs < LONGEST_BREATH_MS * 1e6) return undefined;
    // It takes longer than a start, perhaps without any job.
    markLightFunctions();
    return new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      this.#sinceNs = Bun.nanoseconds();
    });
  }
}
