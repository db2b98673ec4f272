import type { ByteString } from "../base/byte-string.ts";
import { errnoOf } from "../fs/errno.ts";
import type { Job, Runner } from "../work/job.ts";
import { listShardNames } from "./list-objects.ts";
import { makeMissingShard, readShardPolicy } from "./make-shard.ts";

/** One for each value of a digest's first byte. */
const SHARD_COUNT = 256;

interface MakeShardsInput {
  readonly objects: ByteString;
}

/**
 * Makes the shards that are missing, before many objects need almost all of them. The kernel makes only one directory
 * at a time in another, and lookups there wait meanwhile. A shard that this job fails to make, or does not get to, is
 * made for the first object in it, and what is wrong is reported then.
 */
export const makeShardsJob: Job<MakeShardsInput, null> = {
  name: "make-shards",
  run({ objects }, context) {
    try {
      // Once: each new shard changes the directory, so that the file system would be asked each time.
      const policy = readShardPolicy(objects);
      if (policy === undefined) return null;
      const existing = new Set(listShardNames(objects));
      for (let first = 0; first < SHARD_COUNT; first++) {
        const shard = first.toString(16).padStart(2, "0");
        if (context.isCancelled() || (context.isOverdue() && !context.mayTakeLong)) break;
        if (!existing.has(shard)) makeMissingShard(`${objects}/${shard}` as ByteString, policy);
      }
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
    }
    return null;
  },
};

/** With this many digests, nearly every shard is needed. */
const WORTH_ALL_SHARDS_FILES = 1000;

/**
 * On a slow volume, makes shards while a tree with this many names is read. If that fails, reading goes on regardless.
 */
export async function makeShardsAhead(objects: ByteString, nameCount: number, runner: Runner): Promise<void> {
  if (!runner.isVolumeSlow || nameCount < WORTH_ALL_SHARDS_FILES) return;
  await runner.run(makeShardsJob, { objects });
}
