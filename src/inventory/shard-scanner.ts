import type { ByteString } from "../base/byte-string.ts";
import { ObjectRows } from "../objects/object-rows.ts";
import { emptyScan, type ScannedObject, scanShard } from "../objects/scan-shard.ts";
import { scanShardJob } from "../objects/scan-shard-job.ts";
import type { Runner } from "../work/job.ts";

/** Scanning fewer takes less time than starting a thread. */
const FEWEST_OBJECTS_FOR_THREADS = 50_000;
/** So that no thread waits until the results of another have been taken. */
const SHARDS_PER_THREAD = 3;
/** Digests are spread evenly: no shard has many more objects than another. */
const MOST_EXCESS = 1.3;
/** Of a shard that is scanned in a thread, so that results take little memory. */
const MOST_ROWS = 64 * 1024;

type VisitObject = (object: Readonly<ScannedObject>) => void;

interface ScannedShard {
  readonly rows: ObjectRows;
  /** Undefined if they are not all of its objects. */
  readonly rowCount: number | undefined;
}

/**
 * Scans all shards of a cache, one after another: the kernel takes most of the time, so if there are many objects, all
 * threads scan a few shards ahead.
 */
export class ShardScanner {
  readonly #objects: ByteString;
  readonly #shards: readonly string[];
  readonly #runner: Runner;
  readonly #started = new Map<string, Promise<ScannedShard>>();
  readonly #free: ObjectRows[] = [];
  /** Of the next shard to be started, once threads scan. */
  #next: number | undefined;
  /** Of the results of one shard. */
  #capacity = 0;

  /** @param shards in the order in which they will be asked for */
  constructor(objects: ByteString, shards: readonly string[], runner: Runner) {
    this.#objects = objects;
    this.#shards = shards;
    this.#runner = runner;
  }

  /** Like `scanShard`. @throws also BtdtError CANCELLED */
  async scan(shard: string, visit: VisitObject): Promise<boolean> {
    this.#startMore();
    const scan = this.#started.get(shard);
    if (scan === undefined) return this.#scanHere(shard, visit);
    this.#started.delete(shard);
    const { rows, rowCount } = await scan;
    if (rowCount === undefined) return scanShard(this.#objects, shard, visit);
    for (let row = 0; row < rowCount; row++) {
      rows.read(row, scanned);
      visit(scanned);
    }
    this.#free.push(rows);
    return true;
  }

  #scanHere(shard: string, visit: VisitObject): boolean {
    let count = 0;
    const isScanned = scanShard(this.#objects, shard, (object) => {
      count += 1;
      visit(object);
    });
    const next = this.#shards.indexOf(shard) + 1;
    const restCount = count * (this.#shards.length - next);
    this.#capacity = Math.ceil(count * MOST_EXCESS);
    const isWorthThreads = restCount >= FEWEST_OBJECTS_FOR_THREADS && this.#capacity <= MOST_ROWS;
    if (isScanned && isWorthThreads && this.#runner.parallelism > 1) this.#next = next;
    return isScanned;
  }

  #startMore(): void {
    if (this.#next === undefined) return;
    while (this.#started.size < this.#runner.parallelism * SHARDS_PER_THREAD) {
      const shard = this.#shards[this.#next];
      if (shard === undefined) return;
      this.#next += 1;
      const rows = this.#free.pop() ?? ObjectRows.allocate(this.#capacity);
      const scan = this.#runner
        .run(scanShardJob, { objects: this.#objects, shard, rows: rows.buffer })
        .then(({ rowCount }) => ({ rows, rowCount }));
      // Awaited when that shard is asked for; until then, a failure must not count as unhandled.
      scan.catch(() => undefined);
      this.#started.set(shard, scan);
    }
  }
}

const scanned = emptyScan();
