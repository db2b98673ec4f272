/** A worker for the pool's tests: what it is told to do is in the job's name. */
import { allocateJobClaims, type JobClaims, takeJob } from "../../src/work/job-claims.ts";
import type { JobReply, JobRequest, WorkerReady, WorkerSetup } from "../../src/work/messages.ts";

declare const self: Worker;

let cancelFlag: Int32Array = new Int32Array(1);
let claims: JobClaims = allocateJobClaims(0);

self.onmessage = (event: MessageEvent<WorkerSetup | JobRequest>) => {
  const message = event.data;
  if ("cancelFlag" in message) {
    ({ cancelFlag, claims } = message);
    self.postMessage({ isReady: true } satisfies WorkerReady);
    return;
  }
  if (!takeJob(claims, message.slot, message.id)) return;
  let output = message.input;
  switch (message.jobName) {
    case "crash":
      tellBegun(message.input);
      throw new Error("crashed on purpose");
    case "exit":
      tellBegun(message.input);
      process.exit(3);
      break;
    case "sleep":
      Bun.sleepSync(Number(message.input));
      break;
    case "tell":
      tellBegun(message.input);
      break;
    case "wait":
      if (message.input instanceof Int32Array) output = Atomics.wait(message.input, 0, 0, 30_000);
      break;
    case "meet":
      if (message.input instanceof Int32Array) output = meet(message.input);
      break;
    case "wait-for-cancel":
      while (Atomics.load(cancelFlag, 0) === 0) Bun.sleepSync(1);
      break;
  }
  const hasWaited = message.jobName === "meet";
  const reply: JobReply = { id: message.id, hasWaited, ok: true, output };
  self.postMessage(reply);
};

/**
 * Waits until so many threads are here at once as the second number says; it is 0 if nobody waits for others.
 * @param places who is here; how many are waited for; the most that were here at once
 */
function meet(places: Int32Array): number {
  const here = Atomics.add(places, 0, 1) + 1;
  let most = Atomics.load(places, 2);
  while (here > most)
    most = Atomics.compareExchange(places, 2, most, here) === most ? here : Atomics.load(places, 2);
  while (Atomics.load(places, 2) < Atomics.load(places, 1)) Bun.sleepSync(1);
  Atomics.sub(places, 0, 1);
  return here;
}

function tellBegun(begun: unknown): void {
  if (!(begun instanceof Int32Array)) return;
  Atomics.store(begun, 0, 1);
  Atomics.notify(begun, 0);
}
