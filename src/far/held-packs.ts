import { isBtdtError } from "../base/errors.ts";
import type { ObjectStore } from "../bucket/object-store.ts";
import { baseDigestOf, readBaseManifest } from "../manifest/delta-codec.ts";
import { ManifestReader } from "../manifest/manifest-reader.ts";
import { PackContents } from "../packs/contents/pack-contents.ts";
import { CONDEMNED_PREFIX } from "./bucket-layout.ts";
import type { BucketRecord, RecordedPack } from "./bucket-record.ts";
import { choosePacks, type PackUse } from "./choose-packs.ts";
import { type FetchedTail, fetchTail } from "./fetch-tail.ts";
import { listAll } from "./list-all.ts";
import { locateContents } from "./locate-contents.ts";

type Tail = Extract<FetchedTail, { kind: "fetched" }>;

/** What a store may count on: packs of the nearest entry that no clean deletes before the store has published its keys. */
export class HeldPacks {
  readonly contents: PackContents;
  readonly #record: BucketRecord | undefined;
  readonly #tails: ReadonlyMap<string, Tail>;

  private constructor(record: BucketRecord | undefined, tails: readonly Tail[]) {
    this.#record = record;
    this.#tails = new Map(tails.map((tail) => [tail.recorded.id, tail]));
    this.contents = new PackContents(tails.flatMap(({ pack }) => (pack === undefined ? [] : [pack])));
  }

  /**
   * The marks are listed after the record was read: a pack without a mark is not deleted for a day.
   * @throws BtdtError CACHE_FORMAT_NEWER, and those of `ObjectStore`
   */
  static async open(store: ObjectStore, record: BucketRecord | undefined): Promise<HeldPacks> {
    if (record === undefined) return new HeldPacks(undefined, []);
    const marks = await listAll(store, CONDEMNED_PREFIX);
    const condemned = new Set(marks.objects.map(({ name }) => name.slice(CONDEMNED_PREFIX.length)));
    const safe = record.packs.filter(({ id }) => !condemned.has(id));
    const fetched = await Promise.all(safe.map((pack) => fetchTail(store, pack)));
    const tails = fetched.filter((tail) => tail.kind === "fetched");
    const chosen = choosePacks(measureUse(record, tails));
    const held = tails.filter(({ pack, recorded }) => {
      return pack === undefined ? isMostlyManifests(recorded) : chosen.has(recorded.id);
    });
    return new HeldPacks(record, held);
  }

  /** The manifest that a tree with this recorded path is likely to differ least from, and that is not a delta itself. */
  baseFor(
    path: string | undefined,
  ): { readonly digest: string; readonly bytes: Uint8Array; readonly payload: Uint8Array } | undefined {
    const tree = this.#record?.trees.find((each) => each.path === path) ?? this.#record?.trees[0];
    const bytes = tree === undefined ? undefined : this.manifestFile(tree.manifest);
    const digest = bytes === undefined ? undefined : (baseDigestOf(bytes) ?? tree?.manifest);
    const base = digest === undefined ? undefined : this.manifestFile(digest);
    if (base === undefined || digest === undefined || baseDigestOf(base) !== undefined) return undefined;
    try {
      return { ...readBaseManifest(base, digest), bytes: base };
    } catch (error) {
      if (isBtdtError(error, "MANIFEST_DAMAGED")) return undefined;
      throw error;
    }
  }

  /** Of a manifest in the packs that are held. */
  manifestFile(digest: string): Uint8Array | undefined {
    return [...this.#tails.values()]
      .map(({ manifests }) => manifests.get(digest))
      .find((bytes) => bytes !== undefined);
  }

  /** What a record must say of the packs that have these contents and manifests. */
  describe(packIds: ReadonlySet<string>, digests: ReadonlySet<string>): RecordedPack[] {
    const missing = new Set(digests);
    return [...this.#tails.values()].flatMap(({ recorded: { id, sizeBytes, index, manifests } }) => {
      const needed = manifests.filter(({ digest }) => missing.delete(digest));
      const isUsed = index !== undefined && packIds.has(id);
      if (!isUsed && needed.length === 0) return [];
      return [{ id, sizeBytes, manifests: needed, ...(isUsed ? { index } : {}) }];
    });
  }
}

/** A pack that only a delta's base is needed of must not be kept for that if it is large. */
function isMostlyManifests({ sizeBytes, manifests }: RecordedPack): boolean {
  return sizeBytes <= 4 * manifests.reduce((sum, manifest) => sum + manifest.sizeBytes, 0);
}

/** How much of each pack the entry uses. */
function measureUse(record: BucketRecord, tails: readonly Tail[]): PackUse[] {
  const contents = new PackContents(tails.flatMap(({ pack }) => (pack === undefined ? [] : [pack])));
  const files = new Map(tails.flatMap(({ manifests }) => [...manifests]));
  const reader = new ManifestReader((digest) => files.get(digest));
  const usedBytes = new Map<number, number>();
  for (const { manifest } of record.trees) {
    const read = reader.read(manifest);
    if (read.kind !== "read") continue;
    for (const [pack, bytes] of locateContents(read.manifest, undefined, contents).usedBytes) {
      usedBytes.set(pack, (usedBytes.get(pack) ?? 0) + bytes);
    }
  }
  return contents.packs.map(({ name, index }, pack) => {
    const contentBytes = index.contentSizes.reduce((sum, sizeBytes) => sum + sizeBytes, 0);
    return { id: name, usedBytes: usedBytes.get(pack) ?? 0, contentBytes };
  });
}
