import { touchKeyFile } from "../cache/key-files.ts";
import { listFallbackKeys } from "../entry/fallback-keys.ts";
import { type FoundEntry, findEntry } from "../entry/find-entry.ts";
import { type KeyRecord, keyFileName } from "../key/key-file.ts";
import type { RemotePacks } from "../packs/unpack/remote-packs.ts";
import { createPause } from "../work/breather.ts";
import type { Runtime } from "../work/runtime.ts";
import type { RestoreRequest } from "./request.ts";

type Found = Extract<FoundEntry, { kind: "found" }>;

/** An entry, and where those of its packs are that are not in the cache directory. */
export type SourcedEntry =
  | (Found & { readonly remote: RemotePacks | undefined })
  | Exclude<FoundEntry, { readonly kind: "found" }>;

/** Where a restore looks for entries. */
export interface EntrySource {
  /**
   * @param onFound called for an existing key before its manifests, which may be large, are read
   * @throws BtdtError CACHE_FORMAT_NEWER, BUCKET_UNAVAILABLE, BUCKET_NOT_ACCESSIBLE
   */
  find(key: string, onFound: (record: KeyRecord) => void): Promise<SourcedEntry>;
  /** The keys to try when none of the request's is found, the best first. */
  listFallbackKeys(): AsyncIterable<string>;
  /** Notes that an entry is used, so that a clean keeps it; false if it cannot be noted. Never rejects. */
  noteUse(record: KeyRecord): Promise<boolean>;
}

/** Entries of which everything is in the cache directory. */
export function openDirectorySource(request: RestoreRequest, runtime: Runtime): EntrySource {
  const { cache } = request;
  return {
    find: async (key, onFound) => {
      const found = findEntry(cache, key, onFound);
      return found.kind === "found" ? { ...found, remote: undefined } : found;
    },
    listFallbackKeys: async function* () {
      yield* await listFallbackKeys(request, createPause(runtime.isCancelled));
    },
    noteUse: async ({ key }) => touchKeyFile(cache, keyFileName(key)),
  };
}
