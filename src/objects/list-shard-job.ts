import type { ByteString } from "../base/byte-string.ts";
import { divideRest } from "../work/divide-rest.ts";
import type { Job, Runner } from "../work/job.ts";
import { createStopCheck } from "../work/stop-check.ts";
import { lookUpObject, objectNamesInShard, type StoredObject } from "./list-objects.ts";

interface ListShardInput {
  readonly objects: ByteString;
  readonly shard: string;
  /** Those that another job has left; undefined to list the shard. */
  readonly names?: readonly string[];
}

interface ListedShard {
  readonly found: readonly StoredObject[];
  /** The names of those that it did not look at. */
  readonly rest: readonly string[];
}

/** Lists a shard and looks at each object. @throws BtdtError CANCELLED, CACHE_NOT_ACCESSIBLE; a `node:fs` error */
export const listShardJob: Job<ListShardInput, ListedShard> = {
  name: "list-shard",
  run({ objects, shard, names: given }, context) {
    const hasEnough = createStopCheck(context, "stopped before all objects were listed");
    const names = given ?? objectNamesInShard(objects, shard);
    const found: StoredObject[] = [];
    let doneCount = 0;
    for (const name of names) {
      if (hasEnough() && doneCount > 0) break;
      doneCount += 1;
      const object = lookUpObject(objects, name);
      // A restore may have just dropped it.
      if (object !== undefined) found.push(object);
    }
    return { found, rest: names.slice(doneCount) };
  },
};

/** The same as `listObjectsInShard`, in threads. @throws BtdtError; a `node:fs` error */
export async function listShardInThreads(
  objects: ByteString,
  shard: string,
  runner: Runner,
): Promise<StoredObject[]> {
  const list = async (names?: readonly string[]): Promise<StoredObject[]> => {
    const input = names === undefined ? { objects, shard } : { objects, shard, names };
    const { found, rest } = await runner.run(listShardJob, input);
    const others = await Promise.all(divideRest(rest, 0).map(list));
    return [...found, ...others.flat()];
  };
  return await list();
}
