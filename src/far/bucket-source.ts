/**
 * Restores from a bucket: finds entries (`bucket-source`), fetches what describes their packs (`fetch-tail`), and the
 * blocks that are unpacked (`fetch-blocks`). The rest of a restore is that of any cache.
 */
import { isBtdtError } from "../base/errors.ts";
import type { FetchedObject, ObjectStore } from "../bucket/object-store.ts";
import type { FindOptions } from "../entry/find-entry.ts";
import type { FoundTree } from "../entry/load-trees.ts";
import type { LookupSource } from "../entry/lookup.ts";
import { keyFileName, keyNamePrefix } from "../key/key-file-name.ts";
import { isSameRecord, type KeyRecord } from "../key/key-record.ts";
import type { RecordVerifier } from "../key/signed-record.ts";
import { ManifestReader } from "../manifest/manifest-reader.ts";
import type { EntrySource, SourcedEntry } from "../restore/entry-source.ts";
import { condemnedName, KEYS_PREFIX, keyName, usedName } from "./bucket-layout.ts";
import { type BucketRecord, decodeBucketRecord } from "./bucket-record.ts";
import { createEmptyCache } from "./empty-cache.ts";
import { RangeFetch } from "./fetch-blocks.ts";
import { decodeRecord } from "./fetch-record.ts";
import { type FetchedTail, fetchTail } from "./fetch-tail.ts";
import { listAll } from "./list-all.ts";

/** The entries of a bucket. */
export class BucketSource implements EntrySource, LookupSource {
  readonly cache = createEmptyCache();
  readonly #store: ObjectStore;
  readonly #keys: readonly string[];
  /** Names of keys that were tried. */
  readonly #seen: Set<string>;
  /** Records that are on their way, by key: all are asked for at once, and each answer is used once. */
  readonly #ahead = new Map<string, Promise<FetchedObject>>();
  #hasBegun = false;
  #serverMs = 0;

  /** @param keys that will be searched for */
  constructor(store: ObjectStore, keys: readonly string[]) {
    this.#store = store;
    this.#keys = keys;
    this.#seen = new Set(keys.map(keyName));
  }

  get address(): string {
    return this.#store.address;
  }

  /** Without a request for its contents. */
  examine(key: string, explainRefusal?: RecordVerifier): Promise<SourcedEntry> {
    return this.find(key, { explainRefusal });
  }

  async find(key: string, options: FindOptions = {}): Promise<SourcedEntry> {
    const fileName = keyFileName(key);
    try {
      const record = await this.#fetchRecord(key);
      if (record === undefined) return { kind: "missing" };
      const refusal = options.explainRefusal?.(record);
      if (refusal !== undefined) return { kind: "refused", reason: refusal };
      options.onFound?.(record);
      const tails = await Promise.all(record.packs.map((pack) => fetchTail(this.#store, pack)));
      const bad = tails.find((tail) => tail.kind !== "fetched");
      if (bad !== undefined) return await this.#explainLoss(key, record, bad, options);
      return openEntry(
        this.#store,
        fileName,
        record,
        tails.filter((tail) => tail.kind === "fetched"),
      );
    } catch (error) {
      if (isBtdtError(error, "KEY_DAMAGED")) return { kind: "damaged", reason: error.message };
      throw error;
    }
  }

  /** The answer is used once more by `find`. */
  async findRecord(key: string): Promise<BucketRecord | undefined> {
    const found = await this.#fetch(key);
    this.#ahead.set(key, Promise.resolve(found));
    return found.kind === "missing" ? undefined : decodeBucketRecord(found.bytes, keyFileName(key));
  }

  async *listFallbackKeys(prefix: string): AsyncGenerator<string> {
    const listed = await listAll(this.#store, KEYS_PREFIX + keyNamePrefix(prefix));
    for (const { name } of listed.objects.toSorted((left, right) => right.modifiedMs - left.modifiedMs)) {
      if (this.#seen.has(name)) continue;
      const found = await this.#store.get(name);
      if (found.kind === "missing") continue;
      const read = decodeRecord(found.bytes, name.slice(KEYS_PREFIX.length));
      if (read.kind === "damaged") continue;
      const { key } = read.record;
      if (!key.startsWith(prefix)) continue;
      this.#seen.add(name);
      this.#ahead.set(key, Promise.resolve(found));
      yield key;
    }
  }

  /** Once a day for each key. A failure must not matter: this user may only be allowed to read. */
  async noteUse({ key }: KeyRecord): Promise<boolean> {
    if (this.#store.isReadOnly) return false;
    try {
      const name = usedName(keyFileName(key), this.#serverMs);
      const noted = await this.#store.get(name);
      if (noted.kind === "missing") await this.#store.put(name, new Uint8Array(0));
      return true;
    } catch (error) {
      if (isBtdtError(error)) return false;
      throw error;
    }
  }

  async #fetchRecord(key: string): Promise<BucketRecord | undefined> {
    const found = await this.#fetch(key);
    return found.kind === "missing" ? undefined : decodeBucketRecord(found.bytes, keyFileName(key));
  }

  async #fetch(key: string): Promise<FetchedObject> {
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      for (const each of this.#keys) this.#ask(each);
    }
    const found = await (this.#ahead.get(key) ?? this.#store.get(keyName(key)));
    this.#ahead.delete(key);
    this.#serverMs = found.serverMs;
    return found;
  }

  #ask(key: string): void {
    const asked = this.#store.get(keyName(key));
    // The key may not be needed; if it is, this is reported.
    asked.catch(() => undefined);
    this.#ahead.set(key, asked);
  }

  /** A clean deletes the key first: if it has been deleted or replaced in the meantime, the pack is not missing. */
  async #explainLoss(
    key: string,
    record: BucketRecord,
    tail: Exclude<FetchedTail, { kind: "fetched" }>,
    options: FindOptions,
  ): Promise<SourcedEntry> {
    const now = await this.#fetchRecord(key);
    if (now === undefined) return { kind: "missing" };
    if (!isSameRecord(now, record)) return await this.find(key, options);
    if (tail.kind === "missing") return { kind: "damaged", reason: `its pack ${tail.id} is missing` };
    await condemn(this.#store, tail.id);
    return { kind: "damaged", reason: `its pack ${tail.id} is damaged` };
  }
}

function openEntry(
  store: ObjectStore,
  fileName: string,
  record: BucketRecord,
  tails: readonly Extract<FetchedTail, { kind: "fetched" }>[],
): SourcedEntry {
  const manifestFiles = new Map(
    tails.flatMap(({ recorded, manifests }) =>
      recorded.manifests.map(({ digest }) => [digest, manifests.get(digest) ?? new Uint8Array(0)] as const),
    ),
  );
  const reader = new ManifestReader((digest) => manifestFiles.get(digest));
  const trees: FoundTree[] = [];
  for (const stored of record.trees) {
    const read = reader.read(stored.manifest);
    if (read.kind === "missing") return { kind: "damaged", reason: "its manifest is missing" };
    if (read.kind !== "read") return read;
    trees.push({ stored, manifest: read.manifest });
  }
  const remote = {
    packs: tails.flatMap(({ pack }) => (pack === undefined ? [] : [pack])),
    fetch: (parts: ConstructorParameters<typeof RangeFetch>[1]) => new RangeFetch(store, parts),
    noteDamagedBlock: (pack: string) => condemn(store, pack),
    manifestFiles,
  };
  return { kind: "found", keyFileName: fileName, record, trees, remote };
}

/**
 * From now on, no store counts on a pack that was found damaged, so that the next one uploads its contents again. Those
 * who may only read leave it.
 */
export async function condemn(store: ObjectStore, id: string): Promise<void> {
  if (store.isReadOnly) return;
  try {
    await store.put(condemnedName(id), new Uint8Array(0));
  } catch (error) {
    if (!isBtdtError(error, "BUCKET_NOT_ACCESSIBLE") && !isBtdtError(error, "BUCKET_UNAVAILABLE"))
      throw error;
  }
}
