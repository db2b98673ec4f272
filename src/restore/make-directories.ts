import type { ByteString } from "../base/byte-string.ts";
import { compileMethodsLightly } from "../base/compile-lightly.ts";
import { BtdtError } from "../base/errors.ts";
import { viewManifest } from "../manifest/codec.ts";
import { type DirectoryRange, type DoneRange, restOfRange } from "../manifest/directory-ranges.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Job, Runners } from "../work/job.ts";
import { runAllResuming } from "../work/run-all.ts";
import { TreePath } from "./tree-path.ts";

/** Fewer are not worth a job. */
const FEWEST_DIRECTORIES = 128;

export interface MakeDirectoriesInput extends DirectoryRange {
  readonly payload: Uint8Array;
  readonly root: ByteString;
}

/** @throws BtdtError CANCELLED; a `node:fs` error */
export const makeDirectoriesJob: Job<MakeDirectoriesInput, DoneRange> = {
  name: "make-directories",
  run({ payload, root, firstDirectory, endDirectory }, context) {
    const path = new TreePath(viewManifest(payload), root);
    let directory = firstDirectory;
    for (; directory < endDirectory; directory++) {
      if (directory > firstDirectory && context.isOverdue()) break;
      // What follows relies on all of them.
      if (context.isCancelled()) throw new BtdtError("CANCELLED", "stopped before all directories were made");
      path.ensureDirectory(directory);
    }
    return { nextDirectory: directory, nextLeaf: 0 };
  },
};

/**
 * Creates all directories of a tree, in no more jobs than the threads take at once, so that the calling thread is
 * free for other work.
 * @throws BtdtError CANCELLED; a `node:fs` error
 */
export async function makeDirectories(manifest: Manifest, root: ByteString, runners: Runners): Promise<void> {
  const { directoryCount } = manifest.counts;
  const jobCount = Math.min(2 * runners.pool.parallelism, Math.ceil(directoryCount / FEWEST_DIRECTORIES));
  const ranges = Array.from({ length: jobCount }, (_, job) => ({
    firstDirectory: Math.round((directoryCount * job) / jobCount),
    firstLeaf: 0,
    endDirectory: Math.round((directoryCount * (job + 1)) / jobCount),
  }));
  const runner = jobCount > 1 ? runners.pool : runners.inline;
  const shared = { payload: manifest.payload, root };
  await runAllResuming(runner, makeDirectoriesJob, shared, ranges, restOfRange);
}

compileMethodsLightly(makeDirectoriesJob);
