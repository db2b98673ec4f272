/** What keys point to, with everything it needs. Keys with the same manifests live and die together. */
export interface CachedEntry {
  /** See `entryIdOf`. */
  readonly id: string;
  readonly keys: readonly string[];
  /** By the file system's clock; the latest of its keys. */
  readonly lastUsedMs: number;
  /** Of the key files. */
  readonly ownBytes: number;
  /** Indexes of what it needs, each once: objects, contents of packs and its manifests. */
  readonly objects: Uint32Array;
  /** Set when the entry cannot be restored any more. */
  readonly damage?: string;
}

export interface CacheContents {
  readonly entries: readonly CachedEntry[];
  /** What each object takes on disk; behind the objects, what each content of a pack and each manifest takes there. */
  readonly objectBytes: readonly number[];
  /** How many of them are objects. */
  readonly objectCount: number;
  /** Objects that something else than an entry needs: a store under way. */
  readonly pinnedObjects: Uint32Array;
}
