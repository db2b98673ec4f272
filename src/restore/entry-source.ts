import { display } from "../base/byte-string.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { cacheError } from "../cache/cache-errors.ts";
import { readKeyFile, touchKeyFile } from "../cache/key-files.ts";
import { FallbackKeys } from "../entry/fallback-keys.ts";
import { type FindOptions, type FoundEntry, findEntry } from "../entry/find-entry.ts";
import type { KeySource } from "../entry/try-keys.ts";
import { errnoOf } from "../fs/errno.ts";
import { decodeKeyFile } from "../key/key-file.ts";
import { keyFileName } from "../key/key-file-name.ts";
import type { KeyRecord } from "../key/key-record.ts";
import type { RemotePacks } from "../packs/unpack/remote-packs.ts";
import { createPause } from "../work/breather.ts";
import type { Runtime } from "../work/runtime.ts";
import type { PlacedEntry } from "./place-entry.ts";
import type { Target } from "./target.ts";

type Found = Extract<FoundEntry, { kind: "found" }>;

/** What the cache directory may lack of an entry. */
export interface RemoteContents extends RemotePacks {
  /** The files of its manifests and of their bases, by digest. */
  readonly manifestFiles: ReadonlyMap<string, Uint8Array>;
}

/** An entry, and where to get what the cache directory may lack of it. */
export type SourcedFound = Found & {
  readonly remote: RemoteContents | undefined;
  /** Places it as `place` would, and keeps what is fetched for that in the cache directory; absent if it keeps none. */
  readonly placeAndKeep?: (targets: readonly Target[], place: PlaceTargets) => Promise<PlacedEntry>;
};

export type SourcedEntry = SourcedFound | Exclude<FoundEntry, { readonly kind: "found" }>;

export type PlaceTargets = (targets: readonly Target[]) => Promise<PlacedEntry>;

/** Where a restore looks for entries. */
export interface EntrySource extends KeySource {
  /** Has everything that entries need, but for what is in remote packs. */
  readonly cache: CacheDirectory;
  /** @throws BtdtError CACHE_FORMAT_NEWER, BUCKET_UNAVAILABLE, BUCKET_NOT_ACCESSIBLE */
  find(key: string, options?: FindOptions): Promise<SourcedEntry>;
  /**
   * Only what the key says, for those who may have the rest.
   * @throws BtdtError KEY_DAMAGED, CACHE_NOT_ACCESSIBLE, and as `find`
   */
  findRecord(key: string): Promise<KeyRecord | undefined>;
  /** Notes that an entry is used, so that a clean keeps it; false if it cannot be noted. Never rejects. */
  noteUse(record: KeyRecord): Promise<boolean>;
}

/** Entries of which everything is in the cache directory. */
export function openDirectorySource(cache: CacheDirectory, runtime: Runtime): EntrySource {
  const fallbackKeys = new FallbackKeys(cache, createPause(runtime.isCancelled));
  return {
    address: display(cache.path),
    cache,
    find: async (key, options) => {
      const found = await findEntry(cache, key, options);
      return found.kind === "found" ? { ...found, remote: undefined } : found;
    },
    findRecord: async (key) => readRecord(cache, key),
    listFallbackKeys: (prefix) => fallbackKeys.list(prefix),
    noteUse: async ({ key }) => touchKeyFile(cache, keyFileName(key)),
  };
}

function readRecord(cache: CacheDirectory, key: string): KeyRecord | undefined {
  const name = keyFileName(key);
  try {
    const file = readKeyFile(cache, name);
    return file === undefined ? undefined : decodeKeyFile(file.bytes, name);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    throw cacheError("CACHE_NOT_ACCESSIBLE", "read", cache.path, error);
  }
}
