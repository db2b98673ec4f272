/** What commands do with a cache in a bucket. What only a few commands need is loaded on demand. */
import type { ExportRequest, ExportResult } from "../archive/export-entry.ts";
import type { ImportRequest } from "../archive/import-archive.ts";
import type { ObjectStore } from "../bucket/object-store.ts";
import type { CacheStatistics } from "../entry/cache-statistics.ts";
import type { DeletionPlan, DeletionScope } from "../entry/choose-deletion.ts";
import type { MissExplanation } from "../entry/explain-miss.ts";
import { describeContents, type InspectedEntry } from "../entry/inspect-entry.ts";
import type { ListedKey } from "../entry/list-entries.ts";
import type { StoreRequest, StoreResult } from "../store/request.ts";
import type { VerifyResult } from "../upkeep/verify-and-repair.ts";
import type { Runtime } from "../work/runtime.ts";
import { BucketSource } from "./bucket-source.ts";
import { type BucketCleanRequest, type BucketCleanResult, cleanBucket } from "./clean-bucket.ts";
import { deleteFromBucket, planBucketDeletion } from "./delete-from-bucket.ts";
import { discardAbandoned } from "./discard-abandoned.ts";
import { createEmptyCache } from "./empty-cache.ts";
import { explainBucketMiss } from "./explain-bucket-miss.ts";
import { listBucket, measureBucket } from "./list-bucket.ts";
import { storeInBucket } from "./store-in-bucket.ts";

/** All methods throw what those that they call throw. */
export class BucketCache {
  readonly #store: ObjectStore;
  readonly #runtime: Runtime;

  constructor(store: ObjectStore, runtime: Runtime) {
    this.#store = store;
    this.#runtime = runtime;
  }

  get address(): string {
    return this.#store.address;
  }

  /** @param keys that will be searched for */
  openSource(keys: readonly string[]): BucketSource {
    return new BucketSource(this.#store, keys);
  }

  store(request: Omit<StoreRequest, "cache">): Promise<StoreResult> {
    return storeInBucket({ ...request, cache: createEmptyCache() }, this.#store, this.#runtime);
  }

  /** @param unusableKeys keys whose entries cannot be used, which are no alternative */
  explainMiss(keys: readonly string[], unusableKeys: readonly string[]): Promise<MissExplanation> {
    return explainBucketMiss(this.#store, keys, unusableKeys);
  }

  async inspect(key: string): Promise<InspectedEntry | undefined> {
    return describeContents(key, await this.openSource([key]).examine(key));
  }

  async export(request: Omit<ExportRequest, "cache">): Promise<ExportResult> {
    const { exportFromBucket } = await import("./export-from-bucket.ts");
    return await exportFromBucket(this.#store, request, this.#runtime);
  }

  async import(request: Omit<ImportRequest, "cache">): Promise<StoreResult> {
    const { importIntoBucket } = await import("./import-into-bucket.ts");
    return await importIntoBucket(this.#store, request, this.#runtime);
  }

  /** @param keys empty: all */
  async verify(keys: readonly string[]): Promise<VerifyResult> {
    const { verifyBucket } = await import("./verify-bucket.ts");
    return await verifyBucket(this.#store, keys, this.#runtime);
  }

  list(): Promise<ListedKey[]> {
    return listBucket(this.#store);
  }

  measure(): Promise<CacheStatistics> {
    return measureBucket(this.#store);
  }

  planDeletion(scope: DeletionScope): Promise<DeletionPlan> {
    return planBucketDeletion(this.#store, scope);
  }

  delete(keys: readonly string[]): ReturnType<typeof deleteFromBucket> {
    return deleteFromBucket(this.#store, keys);
  }

  async clean(request: BucketCleanRequest): Promise<BucketCleanResult> {
    const cleaned = await cleanBucket(this.#store, request);
    if (!request.dryRun) await discardAbandoned(this.#store, cleaned.nowMs, this.#runtime.onWarning);
    return cleaned;
  }
}
