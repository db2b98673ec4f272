import type { ByteString } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import type { Job } from "../work/job.ts";
import { ObjectRows } from "./object-rows.ts";
import { scanShard } from "./scan-shard.ts";

interface ScanShardInput {
  readonly objects: ByteString;
  readonly shard: string;
  /** Of `ObjectRows`, to write the result to. */
  readonly rows: SharedArrayBuffer;
}

interface ShardSummary {
  /** How many rows were written; undefined if the shard has more objects, or cannot be scanned. */
  readonly rowCount: number | undefined;
}

/** The same as `scanShard`, in any thread. @throws BtdtError CANCELLED, CACHE_NOT_ACCESSIBLE; a `node:fs` error */
export const scanShardJob: Job<ScanShardInput, ShardSummary> = {
  name: "scan-shard",
  run({ objects, shard, rows: buffer }, context) {
    if (context.isCancelled()) throw new BtdtError("CANCELLED", "stopped before all objects were listed");
    const rows = new ObjectRows(buffer);
    let count = 0;
    const isScanned = scanShard(objects, shard, (object) => {
      if (count < rows.capacity) rows.write(count, object);
      count += 1;
    });
    return { rowCount: isScanned && count <= rows.capacity ? count : undefined };
  },
};
