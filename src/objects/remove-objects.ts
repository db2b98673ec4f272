import { unlinkSync } from "node:fs";
import { type ByteString, fsPath } from "../base/byte-string.ts";
import { errnoOf, isHeldErrno } from "../fs/errno.ts";
import { removeTree } from "../fs/remove-tree.ts";
import type { Job, Runner } from "../work/job.ts";
import { runAllResuming } from "../work/run-all.ts";
import { createStopCheck } from "../work/stop-check.ts";
import type { StoredObject } from "./list-objects.ts";
import { objectPath } from "./object-path.ts";

export type RemovableObject = Pick<StoredObject, "name" | "isFile">;

interface RemoveObjectsInput {
  readonly objects: ByteString;
  readonly removed: readonly RemovableObject[];
}

interface RemovedObjects {
  /** How many were tried; another job removes the rest. */
  readonly doneCount: number;
  /** For each that the file system does not let go of, why. */
  readonly heldErrnos: readonly string[];
}

/** @throws BtdtError CANCELLED, CACHE_NOT_ACCESSIBLE; a `node:fs` error */
export const removeObjectsJob: Job<RemoveObjectsInput, RemovedObjects> = {
  name: "remove-objects",
  run({ objects, removed }, context) {
    const hasEnough = createStopCheck(context, "stopped before all objects were removed");
    const heldErrnos: string[] = [];
    let doneCount = 0;
    for (const object of removed) {
      if (hasEnough(false) && doneCount > 0) break;
      doneCount += 1;
      try {
        removeObject(objects, object);
      } catch (error) {
        const errno = errnoOf(error);
        if (!isHeldErrno(errno)) throw error;
        heldErrnos.push(errno);
      }
    }
    return { doneCount, heldErrnos };
  },
  workOf: (_input, { doneCount }) => ({ files: doneCount }),
};

/** One that is gone counts as removed. @throws BtdtError CACHE_NOT_ACCESSIBLE; a `node:fs` error */
export function removeObject(objects: ByteString, { name, isFile }: RemovableObject): void {
  const path = objectPath(objects, name);
  // Anything may have an object's name, such as a directory.
  if (!isFile) return removeTree(path);
  try {
    unlinkSync(fsPath(path));
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
}

/**
 * Removes objects in threads, which pays where each removal takes long. The kernel lets only one at a time out of a
 * directory, so each shard is a job.
 * @returns for each object that the file system does not let go of, why
 * @throws BtdtError CANCELLED, CACHE_NOT_ACCESSIBLE; a `node:fs` error
 */
export async function removeObjectsInThreads(
  objects: ByteString,
  removed: readonly RemovableObject[],
  runner: Runner,
): Promise<string[]> {
  const shards = Map.groupBy(removed, ({ name }) => name.slice(0, 2));
  const outputs = await runAllResuming(
    runner,
    removeObjectsJob,
    { objects },
    [...shards.values()].map((ofShard) => ({ removed: ofShard })),
    (part, { doneCount }) => {
      return doneCount < part.removed.length ? [{ removed: part.removed.slice(doneCount) }] : [];
    },
  );
  return outputs.flatMap(({ heldErrnos }) => heldErrnos);
}
