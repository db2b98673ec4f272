import type { ByteString } from "../base/byte-string.ts";
import { compileMethodsLightly } from "../base/compile-lightly.ts";
import { BtdtError } from "../base/errors.ts";
import { viewManifest } from "../manifest/codec.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Job, Runners } from "../work/job.ts";
import { runAllSharing } from "../work/run-all.ts";
import { StagingPath } from "./staging-path.ts";

/** Worth a job of their own. */
const FEWEST_DIRECTORIES = 128;

export interface MakeDirectoriesInput {
  readonly payload: Uint8Array;
  /** Nobody else's, and there is nothing in it but what these jobs make. */
  readonly staging: ByteString;
  readonly firstDirectory: number;
  readonly endDirectory: number;
}

/** @throws BtdtError CANCELLED; a `node:fs` error */
export const makeDirectoriesJob: Job<MakeDirectoriesInput, null> = {
  name: "make-directories",
  run({ payload, staging, firstDirectory, endDirectory }, context) {
    const path = new StagingPath(viewManifest(payload), staging);
    for (let directory = firstDirectory; directory < endDirectory; directory++) {
      // Whoever comes next counts on all of them.
      if (context.isCancelled()) throw new BtdtError("CANCELLED", "stopped before all directories were made");
      path.ensureDirectory(directory);
    }
    return null;
  },
};

/**
 * Makes all directories of a tree, in no more jobs than the threads get at once: the calling thread may have something else to
 * do meanwhile.
 * @throws BtdtError CANCELLED; a `node:fs` error
 */
export async function makeDirectories(
  manifest: Manifest,
  staging: ByteString,
  runners: Runners,
): Promise<void> {
  const { directoryCount } = manifest.counts;
  const jobCount = Math.min(2 * runners.pool.parallelism, Math.ceil(directoryCount / FEWEST_DIRECTORIES));
  const ranges = Array.from({ length: jobCount }, (_, job) => ({
    firstDirectory: Math.round((directoryCount * job) / jobCount),
    endDirectory: Math.round((directoryCount * (job + 1)) / jobCount),
  }));
  const runner = jobCount > 1 ? runners.pool : runners.inline;
  await runAllSharing(runner, makeDirectoriesJob, { payload: manifest.payload, staging }, ranges);
}

compileMethodsLightly(makeDirectoriesJob);
