import { type ByteString, bytesFromText, joinBytes } from "../base/byte-string.ts";
import { compileLightly } from "../base/compile-lightly.ts";
import { BtdtError } from "../base/errors.ts";
import { emptyStatus } from "../fs/native/file-status.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import type { Job } from "../work/job.ts";
import { checkSmallObject } from "./check-objects.ts";
import {
  describeObject,
  examineListed,
  type ListedName,
  listShard,
  type StoredObject,
} from "./list-objects.ts";

export interface CheckShardInput {
  readonly objects: ByteString;
  readonly shard: string;
}

export interface CheckedShard {
  readonly objects: readonly StoredObject[];
  readonly hashedCount: number;
  readonly hashedBytes: number;
}

/** After this many, the rest is only listed, so that threads finish together and signals are handled soon. */
const ENOUGH_BYTES = 16 * 1024 * 1024;

const path = new PathBuffer();
const status = emptyStatus();

/**
 * Lists the objects in one shard and hashes them, except large ones and what is left when it has hashed enough.
 * Opening an object tells its size and times as well, so that each needs to be looked up only once.
 * @throws BtdtError CANCELLED, CACHE_NOT_ACCESSIBLE; a `node:fs` error if the shard cannot be listed
 */
export const checkShardJob: Job<CheckShardInput, CheckedShard> = {
  name: "check-shard",
  run({ objects, shard }, context) {
    const found: StoredObject[] = [];
    let hashedCount = 0;
    let hashedBytes = 0;
    const directoryLength = path.set(joinBytes(objects, `${shard}/` as ByteString)).length;
    for (const listed of listShard(objects, shard)) {
      if (context.isCancelled()) throw new BtdtError("CANCELLED", "stopped before all objects were checked");
      const isEnough = hashedBytes >= ENOUGH_BYTES;
      path.truncate(directoryLength).append(bytesFromText(listed.name));
      const object = isEnough ? examineListed(objects, listed) : checkListed(objects, listed);
      if (object === undefined) continue;
      found.push(object);
      if (object.condition === undefined) continue;
      hashedCount += 1;
      hashedBytes += object.sizeBytes;
    }
    return { objects: found, hashedCount, hashedBytes };
  },
  workOf: (_input, { hashedCount, hashedBytes }) => ({ files: hashedCount, bytes: hashedBytes }),
};

/** Checks the object at `path`; returns undefined if it has been removed since it was listed. */
function checkListed(objects: ByteString, listed: ListedName): StoredObject | undefined {
  const condition = checkSmallObject(path, listed.name, status);
  switch (condition) {
    case "missing":
      return undefined;
    case "large":
      return describeObject(path, listed, status);
    case "whole":
      return describeObject(path, listed, status, condition);
    case "damaged":
    case "unreadable":
      // It may not have been opened.
      return examineListed(objects, listed, condition);
  }
}

compileLightly(checkListed);
