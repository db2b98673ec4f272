/** Runs in each worker thread: jobs by name, one at a time. It must stay next to `main.ts`, see `build.ts`. */

import { outlineManifestJob } from "./inventory/outline-manifest-job.ts";
import { adoptFilesJob } from "./objects/adopt-files.ts";
import { checkObjectsJob } from "./objects/check-objects.ts";
import { checkShardJob } from "./objects/check-shard.ts";
import { copyObjectJob } from "./objects/copy-object.ts";
import { dropObjectJob } from "./objects/drop-object.ts";
import { listShardJob } from "./objects/list-shard-job.ts";
import { makeShardsJob } from "./objects/make-shards-job.ts";
import { removeObjectsJob } from "./objects/remove-objects.ts";
import { scanShardJob } from "./objects/scan-shard-job.ts";
import { verifyBlocksJob } from "./packs/contents/verify-blocks.ts";
import { rewriteBlocksJob } from "./packs/rewrite/rewrite-blocks.ts";
import { unpackBlocksJob } from "./packs/unpack/unpack-blocks.ts";
import { packFilesJob } from "./packs/write/pack-files.ts";
import { packSpanJob } from "./packs/write/pack-span.ts";
import { hashFilesJob } from "./read/hash-files.ts";
import { hashSpanJob } from "./read/hash-span.ts";
import { listDirectoriesJob } from "./read/list-ahead.ts";
import { compareFilesJob } from "./restore/compare-files.ts";
import { dropBadObjectsJob } from "./restore/drop-bad-objects.ts";
import { finishDirectoriesJob } from "./restore/finish-directories.ts";
import { linkFilesJob } from "./restore/link-files.ts";
import { linkNamesJob } from "./restore/link-names.ts";
import { makeDirectoriesJob } from "./restore/make-directories.ts";
import { mendFilesJob } from "./restore/mend-files.ts";
import { placeLargeFilesJob } from "./restore/place-large-files.ts";
import { stageFileJob } from "./restore/stage-file.ts";
import { createCallContext } from "./work/call-context.ts";
import { adoptJitPolicy, JIT_POLICY } from "./work/jit-policy.ts";
import type { Job, JobContext, RunContext } from "./work/job.ts";
import { allocateJobClaims, type JobClaims, takeJob } from "./work/job-claims.ts";
import {
  type JobReply,
  type JobRequest,
  sendableError,
  type WorkerReady,
  type WorkerSetup,
} from "./work/messages.ts";
import { watchWaits } from "./work/watch-waits.ts";

declare const self: Worker;

const jobs = new Map<string, Job<never, unknown>>(
  [
    adoptFilesJob,
    checkObjectsJob,
    checkShardJob,
    compareFilesJob,
    copyObjectJob,
    dropBadObjectsJob,
    dropObjectJob,
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
    listDirectoriesJob,
    listShardJob,
    makeShardsJob,
    outlineManifestJob,
    removeObjectsJob,
    scanShardJob,
    stageFileJob,
    unpackBlocksJob,
    verifyBlocksJob,
  ].map((job) => [job.name, job]),
);

let cancelFlag: Int32Array = new Int32Array(1);
let claims: JobClaims = allocateJobClaims(0);
let lastShared: object = {};
const cancellation: JobContext = { isCancelled: () => Atomics.load(cancelFlag, 0) !== 0 };
/** For jobs that no more threads would help. */
const unhurried: RunContext = { ...cancellation, isOverdue: () => false, mayTakeLong: true };

self.onmessage = (event: MessageEvent<WorkerSetup | JobRequest>) => {
  const message = event.data;
  if ("cancelFlag" in message) {
    ({ cancelFlag, claims } = message);
    adoptJitPolicy(message.isVolumeSlow ? JIT_POLICY.sparing : JIT_POLICY.normal);
    self.postMessage({ isReady: true } satisfies WorkerReady);
    return;
  }
  // First of all: what it shares with later jobs is needed even if another thread does this one.
  const input = inputOf(message);
  if (!takeJob(claims, message.slot, message.id)) return;
  self.postMessage(replyTo(message, input));
};

function replyTo({ id, jobName }: JobRequest, input: unknown): JobReply {
  const hasWaited = watchWaits();
  try {
    const job = jobs.get(jobName);
    if (job === undefined) throw new Error(`there is no job "${jobName}"`);
    const output = job.run(
      input as never,
      job.isHeavy === true ? unhurried : createCallContext(cancellation, true),
    );
    return { id, hasWaited: hasWaited(), ok: true, output };
  } catch (error) {
    return { id, hasWaited: false, ok: false, error: sendableError(error) };
  }
}

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
