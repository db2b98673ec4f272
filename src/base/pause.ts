/**
 * Called between two steps of long work on the calling thread; throws BtdtError CANCELLED once the work should stop.
 * There is mostly nothing to await: a loop that runs very often awaits only what is not undefined.
 */
export type Pause = () => Promise<void> | undefined;
