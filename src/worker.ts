/** Runs in each worker thread: jobs by name, one at a time. It must stay next to `main.ts`, see `build.ts`. */
import { adoptFilesJob } from "./objects/adopt-files.ts";
import { checkObjectsJob } from "./objects/check-objects.ts";
import { checkShardJob } from "./objects/check-shard.ts";
import { verifyBlocksJob } from "./packs/contents/verify-blocks.ts";
import { rewriteBlocksJob } from "./packs/rewrite/rewrite-blocks.ts";
import { unpackBlocksJob } from "./packs/unpack/unpack-blocks.ts";
import { packFilesJob } from "./packs/write/pack-files.ts";
import { packSpanJob } from "./packs/write/pack-span.ts";
import { hashFilesJob } from "./read/hash-files.ts";
import { hashSpanJob } from "./read/hash-span.ts";
import { compareFilesJob } from "./restore/compare-files.ts";
import { finishDirectoriesJob } from "./restore/finish-directories.ts";
import { linkFilesJob } from "./restore/link-files.ts";
import { linkNamesJob } from "./restore/link-names.ts";
import { makeDirectoriesJob } from "./restore/make-directories.ts";
import { mendFilesJob } from "./restore/mend-files.ts";
import { placeLargeFilesJob } from "./restore/place-large-files.ts";
import type { Job, RunContext } from "./work/job.ts";
import { allocateJobClaims, type JobClaims, takeJob } from "./work/job-claims.ts";
import { type JobReply, type JobRequest, sendableError, type WorkerSetup } from "./work/messages.ts";

declare const self: Worker;

const jobs = new Map<string, Job<never, unknown>>(
  [
    adoptFilesJob,
    checkObjectsJob,
    checkShardJob,
    compareFilesJob,
    finishDirectoriesJob,
    hashFilesJob,
    hashSpanJob,
    makeDirectoriesJob,
    mendFilesJob,
    packFilesJob,
    placeLargeFilesJob,
    packSpanJob,
    rewriteBlocksJob,
    linkFilesJob,
    linkNamesJob,
    unpackBlocksJob,
    verifyBlocksJob,
  ].map((job) => [job.name, job]),
);

let cancelFlag: Int32Array = new Int32Array(1);
let claims: JobClaims = allocateJobClaims(0);
let lastShared: object = {};
const context: RunContext = {
  isCancelled: () => Atomics.load(cancelFlag, 0) !== 0,
  // Signals are not handled here.
  isOverdue: () => false,
};

self.onmessage = (event: MessageEvent<WorkerSetup | JobRequest>) => {
  const message = event.data;
  if ("cancelFlag" in message) {
    ({ cancelFlag, claims } = message);
    return;
  }
  // First of all: what it shares with later jobs is needed even if another thread does this one.
  const input = inputOf(message);
  if (!takeJob(claims, message.slot, message.id)) return;
  let reply: JobReply;
  try {
    const job = jobs.get(message.jobName);
    if (job === undefined) throw new Error(`there is no job "${message.jobName}"`);
    reply = { id: message.id, ok: true, output: job.run(input as never, context) };
  } catch (error) {
    reply = { id: message.id, ok: false, error: sendableError(error) };
  }
  self.postMessage(reply);
};

function inputOf({ input, shared }: JobRequest): unknown {
  switch (shared.kind) {
    case "none":
      return input;
    case "new":
      lastShared = shared.value;
      return { ...lastShared, ...(input as object) };
    case "last":
      return { ...lastShared, ...(input as object) };
  }
}
