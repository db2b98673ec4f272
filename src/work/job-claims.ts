/**
 * Who does a job that was sent to a worker and still waits there? The worker, when it comes to it; or the thread that sent
 * it, when it has nothing else to do: at the end of some work nobody is idle while a job waits behind another.
 * Both take the job from the same shared word, and one of them gets it.
 */
export type JobClaims = Int32Array;

export function allocateJobClaims(slotCount: number): JobClaims {
  return new Int32Array(new SharedArrayBuffer(4 * slotCount));
}

export function offerJob(claims: JobClaims, slot: number, id: number): void {
  Atomics.store(claims, slot, id + 1);
}

/** False when the other one has it. A slot may have been given to another job since; ids are never used twice. */
export function takeJob(claims: JobClaims, slot: number, id: number): boolean {
  return Atomics.compareExchange(claims, slot, id + 1, 0) === id + 1;
}
