/**
 * Decides who does a job that waits at a worker: the worker, when it gets to it, or the thread that sent it, when it
 * is idle. So nobody is idle at the end of the work while a job waits behind another. Both try to take the job
 * through the same shared word, and one of them succeeds.
 */
export type JobClaims = Int32Array;

export function allocateJobClaims(slotCount: number): JobClaims {
  return new Int32Array(new SharedArrayBuffer(4 * slotCount));
}

export function offerJob(claims: JobClaims, slot: number, id: number): void {
  Atomics.store(claims, slot, id + 1);
}

/**
 * Returns false if the other one has it. The slot may have been given to another job since, but ids are never reused.
 */
export function takeJob(claims: JobClaims, slot: number, id: number): boolean {
  return Atomics.compareExchange(claims, slot, id + 1, 0) === id + 1;
}
