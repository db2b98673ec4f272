import type { CacheDirectory } from "../cache/cache-directory.ts";
import { errnoOf } from "../fs/errno.ts";
import type { Inventory } from "../inventory/inventory.ts";
import type { ShardLister } from "../inventory/list-shards.ts";
import { type CheckedShard, checkShardJob } from "../objects/check-shard.ts";
import { listShardNames, type StoredObject } from "../objects/list-objects.ts";
import type { Runtime } from "../work/runtime.ts";
import { blockKey, type ContentState, stateOf } from "./content-state.ts";
import { ObjectStates } from "./object-states.ts";
import { verifyObjects } from "./verify-objects.ts";
import { selectBlocks, verifyBlocks } from "./verify-packs.ts";

/** Reads contents on all threads, and remembers the results so that none is read twice. */
export class ContentVerifier {
  readonly #cache: CacheDirectory;
  readonly #runtime: Runtime;
  readonly #objects = new ObjectStates();
  readonly #blocks = new Map<string, ContentState>();
  #contentBytes = 0;
  #isFirstPass = true;

  constructor(cache: CacheDirectory, runtime: Runtime) {
    this.#cache = cache;
    this.#runtime = runtime;
  }

  /** Nothing was read yet. */
  get isFirstPass(): boolean {
    return this.#isFirstPass;
  }

  get objectCount(): number {
    return this.#objects.count;
  }

  get blockCount(): number {
    return this.#blocks.size;
  }

  /** How much was read, uncompressed. */
  get contentBytes(): number {
    return this.#contentBytes;
  }

  /** Undefined if it was not read. */
  objectState(name: string): ContentState | undefined {
    return this.#objects.stateOf(name);
  }

  blockState(packName: string, block: number): ContentState | undefined {
    return this.#blocks.get(blockKey(packName, block));
  }

  /** Whether all that was read is what it should be. */
  get isAllSound(): boolean {
    return this.#objects.isAllSound && [...this.#blocks.values()].every((state) => state === "sound");
  }

  damagedObjects(): string[] {
    return this.#objects.namesOf("damaged");
  }

  /**
   * Reads what was not read before. Objects that do not match their names are skipped unless an entry needs them.
   * @param isWanted called with the item of an object or a content
   * @throws BtdtError CANCELLED
   */
  async verify(stock: Inventory, isWanted: (item: number, isAsNamed: boolean) => boolean): Promise<void> {
    const { progress, runners } = this.#runtime;
    const objects: StoredObject[] = [];
    const isRead = this.#isFirstPass
      ? (object: StoredObject) => this.#isReadWithShard(object)
      : ({ name }: StoredObject) => this.#objects.stateOf(name) !== undefined;
    this.#isFirstPass = false;
    let bytes = 0;
    for (const [item, file] of stock.items.files()) {
      if (file.kind !== "object" || !isWanted(item, file.isAsNamed) || isRead(file)) continue;
      objects.push(file);
      bytes += file.sizeBytes;
    }
    const blocks = selectBlocks(
      this.#cache,
      stock.packs,
      (content) => isWanted(stock.items.itemOfContent(content), true),
      (key) => this.#blocks.has(key),
    );
    for (const input of blocks) for (const { block } of input.blocks) bytes += block.contentBytes;
    if (objects.length + blocks.length > 0) progress.begin({ name: "verifying", unit: "bytes", bytes });
    for (const [name, state] of await verifyObjects(this.#cache, objects, runners.pool)) {
      this.#objects.add(name, state);
    }
    for (const [key, state] of await verifyBlocks(blocks, runners.pool)) this.#blocks.set(key, state);
    this.#contentBytes += bytes;
  }

  #isReadWithShard({ name, condition, isAsNamed, sizeBytes }: StoredObject): boolean {
    if (condition === undefined) return false;
    if (isAsNamed) return true;
    // Only now is it known that an entry needs it.
    this.#objects.add(name, stateOf(condition));
    this.#contentBytes += sizeBytes;
    return true;
  }

  /**
   * Reads all objects while they are listed, on all threads, so that each is opened once, and returns what lists them.
   * Large ones, and some in large shards, are left to `verify`.
   */
  readShards(): ShardLister {
    const { progress, runners } = this.#runtime;
    progress.begin({ name: "verifying", noun: "objects", unit: "bytes" });
    const shards = this.#listShardNames();
    let shardCount = 0;
    let fileCount = 0;
    const checkShard = async (shard: string): Promise<CheckedShard> => {
      const checked = await runners.pool.run(checkShardJob, { objects: this.#cache.objects, shard });
      shardCount += 1;
      fileCount += checked.hashedCount;
      // Digests are spread evenly.
      progress.expectFiles(Math.round((fileCount / shardCount) * shards.length));
      return checked;
    };
    const checking = new Map(
      shards.map((shard) => {
        const checked = checkShard(shard);
        // Awaited when that shard is listed; until then, a failure must not count as unhandled.
        checked.catch(() => undefined);
        return [shard, checked];
      }),
    );
    return async (shard) => {
      const checked = await checking.get(shard);
      if (checked === undefined) return [];
      for (const { name, condition, isAsNamed, sizeBytes } of checked.objects) {
        if (condition === undefined || !isAsNamed) continue;
        this.#objects.add(name, stateOf(condition));
        this.#contentBytes += sizeBytes;
      }
      return checked.objects;
    };
  }

  /** None if they cannot be listed: taking stock reports that. */
  #listShardNames(): string[] {
    try {
      return listShardNames(this.#cache.objects);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      return [];
    }
  }

  /** Forgets what was missing, so that it is looked up again; returns false if nothing was missing. */
  forgetGone(): boolean {
    const objects = this.#objects.namesOf("gone");
    const blocks = [...this.#blocks].filter(([, state]) => state === "gone");
    for (const name of objects) this.#objects.forget(name);
    for (const [key] of blocks) this.#blocks.delete(key);
    return objects.length + blocks.length > 0;
  }

  /** An object was set aside or replaced. */
  forgetObject(name: string): void {
    this.#objects.forget(name);
  }
}
