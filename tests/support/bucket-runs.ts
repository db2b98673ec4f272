import type { ObjectStore } from "../../src/bucket/object-store.ts";
import { BucketSource } from "../../src/far/bucket-source.ts";
import { createEmptyCache } from "../../src/far/empty-cache.ts";
import { storeInBucket } from "../../src/far/store-in-bucket.ts";
import type { RestoreResult } from "../../src/restore/request.ts";
import { restoreEntry } from "../../src/restore/restore.ts";
import { NO_GLOBS } from "../../src/sharing/share-globs.ts";
import type { StoreResult } from "../../src/store/request.ts";
import type { Runtime } from "../../src/work/runtime.ts";
import { inlineRuntime } from "./inline-runtime.ts";
import { STORE_SETTINGS } from "./store-settings.ts";

/** Stores a directory in a bucket, as the command line does. */
export async function storeTree(
  store: ObjectStore,
  keys: readonly [string, ...string[]],
  source: string,
  runtime: Runtime = inlineRuntime(),
): Promise<StoreResult> {
  const cache = createEmptyCache();
  const request = {
    cache,
    keys,
    sources: [source] as const,
    ...STORE_SETTINGS,
    storage: "auto" as const,
  };
  return await storeInBucket(request, store, runtime);
}

export interface RestoreOptions {
  readonly fallbackPrefixes?: readonly string[];
  readonly runtime?: Runtime;
}

export async function restoreTree(
  store: ObjectStore,
  keys: readonly [string, ...string[]],
  destination: string,
  { fallbackPrefixes = [], runtime = inlineRuntime() }: RestoreOptions = {},
): Promise<RestoreResult> {
  const request = {
    keys,
    fallbackPrefixes,
    places: { kind: "named" as const, paths: [destination] as const },
    linkMode: "auto" as const,
    globs: NO_GLOBS,
    exact: false,
    verify: false,
  };
  return await restoreEntry(request, [new BucketSource(store, keys)], runtime);
}
