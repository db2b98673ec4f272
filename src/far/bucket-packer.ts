import type { ByteString } from "../base/byte-string.ts";
import { LARGEST_PAYLOAD_BYTES } from "../base/format/payload-file.ts";
import type { ObjectStore } from "../bucket/object-store.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import type { StoredTree } from "../key/key-record.ts";
import { encodeManifest, manifestDigestOf } from "../manifest/codec.ts";
import { baseDigestOf, encodeDelta } from "../manifest/delta-codec.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { fileChanged } from "../objects/adopt-errors.ts";
import { countFilledFiles } from "../objects/object-attributes.ts";
import { gatherHeldContents } from "../packs/write/held-contents.ts";
import { PackingDigester } from "../packs/write/packing-digester.ts";
import { assertNotCancelled } from "../store/assert-not-cancelled.ts";
import { classifySource } from "../store/classify-source.ts";
import { describeSkipped } from "../store/describe-skipped.ts";
import { describeTree } from "../store/describe-tree.ts";
import { readAgain } from "../store/read-again.ts";
import { readRepeatedly } from "../store/read-repeatedly.ts";
import { readSource } from "../store/read-source.ts";
import type { KeptFiles, StoreRequest } from "../store/request.ts";
import type { Source } from "../store/sources.ts";
import type { Runtime } from "../work/runtime.ts";
import { withoutRepetitions } from "../work/without-repetitions.ts";
import type { RecordedPack } from "./bucket-record.ts";
import type { HeldPacks } from "./held-packs.ts";
import { locateContents } from "./locate-contents.ts";
import { type ManifestFile, PackUpload } from "./pack-upload.ts";

/** A delta that saves less than this is not worth another manifest that has to be kept. */
const WORTHWHILE_RATIO = 1 / 8;

type PackRequest = Omit<StoreRequest, "sources" | "excludePatterns">;

interface ReadTree {
  readonly source: ByteString;
  readonly manifest: Manifest;
  /** Of its file. */
  readonly digest: string;
}

/** Reads the sources of a store, and uploads what the packs that it counts on do not have. */
export class BucketPacker {
  readonly #request: PackRequest;
  readonly #near: CacheDirectory;
  readonly #held: HeldPacks;
  readonly #upload: PackUpload;
  readonly #digester: PackingDigester;
  readonly #trees: ReadTree[] = [];
  readonly #newManifests = new Map<string, ManifestFile>();

  constructor(request: PackRequest, store: ObjectStore, held: HeldPacks) {
    this.#request = request;
    this.#near = request.cache;
    this.#held = held;
    this.#upload = new PackUpload(store, request.compression);
    this.#digester = new PackingDigester(
      this.#upload,
      gatherHeldContents(held.contents.table, request.cache.objects, []),
    );
  }

  /** @throws BtdtError SOURCE_…, CANCELLED, and those of `ObjectStore` */
  async read(source: Source, runtime: Runtime): Promise<StoredTree> {
    runtime.progress.begin({ name: "packing", unit: "bytes" });
    const classify = (manifest: Manifest): Uint8Array => classifySource(this.#request, source, manifest);
    const quiet = withoutRepetitions(runtime);
    const reusedBefore = this.#digester.reusedCount;
    const { result: manifest, skipped } = await readRepeatedly(this.#request.skip, async (paths) => {
      this.#digester.forgetReused(reusedBefore);
      const read = await readSource(
        this.#near,
        source,
        { digester: this.#digester, skipped: paths, classify },
        quiet,
      );
      assertNotCancelled(runtime);
      return read;
    });
    for (const sentence of describeSkipped(source.name ?? source.path, skipped)) runtime.onWarning(sentence);
    const { digest, bytes } = this.#encode(manifest, source.recordedPath);
    if (this.#held.manifestFile(digest) === undefined) this.#newManifests.set(digest, { digest, bytes });
    this.#trees.push({ source: source.path, manifest, digest });
    return describeTree(source, digest, manifest, skipped.length);
  }

  /**
   * Finishes the upload, unless there was nothing to upload.
   * @returns the packs that the sources need, and what became of the files
   * @throws BtdtError SOURCE_CHANGED, SOURCE_UNSUPPORTED, CANCELLED, and those of `ObjectStore`
   */
  async complete(runtime: Runtime): Promise<KeptFiles & { readonly packs: RecordedPack[] }> {
    let located = this.#locate();
    const missingCount = located.reduce((sum, { missing }) => sum + missing.length, 0);
    if (missingCount > 0) {
      // A content was taken for another one that was already packed.
      this.#digester.switchTo(this.#upload);
      for (const [index, { source, manifest }] of this.#trees.entries()) {
        await readAgain(this.#digester, source, manifest, located[index]?.missing ?? [], runtime);
        assertNotCancelled(runtime);
      }
      located = this.#locate();
      for (const [index, { manifest }] of this.#trees.entries()) {
        const [file] = located[index]?.missing ?? [];
        if (file !== undefined) throw fileChanged(manifest, file);
      }
    }
    const usedPacks = new Set(
      located.flatMap(({ usedBytes }) =>
        [...usedBytes.keys()].map((pack) => this.#held.contents.packs[pack]?.name ?? ""),
      ),
    );
    const packs = this.#held.describe(usedPacks, this.#listHeldManifests());
    this.#upload.draft.omitLists((digest) => this.#held.contents.largePlaceOf(digest) === undefined);
    let newBytes = 0;
    if (!this.#upload.draft.isEmpty || this.#newManifests.size > 0) {
      const own = await this.#upload.finish([...this.#newManifests.values()]);
      newBytes = own.sizeBytes;
      packs.push(own);
    }
    const fileCount = this.#trees.reduce((sum, { manifest }) => sum + countFilledFiles(manifest), 0);
    const reused = Math.max(0, this.#digester.reusedCount - missingCount);
    const fileCounts = { reflinked: 0, linked: 0, copied: 0, packed: fileCount - reused, reused };
    return { packs, newBytes, fileCounts };
  }

  /** Call it in any case; afterwards, no job packs anything any more. */
  async close(): Promise<void> {
    await this.#digester.stop();
    await this.#upload.close();
  }

  #locate(): ReturnType<typeof locateContents>[] {
    const { draft } = this.#upload;
    const own = {
      table: draft.contents(),
      chunkDigestsOf: (digest: Uint8Array) => draft.chunkDigestsOf(digest),
    };
    return this.#trees.map(({ manifest }) => locateContents(manifest, own, this.#held.contents));
  }

  /** As a delta if that is much smaller. */
  #encode(manifest: Manifest, path: string | undefined): ManifestFile {
    const base = manifest.payload.length > LARGEST_PAYLOAD_BYTES ? undefined : this.#held.baseFor(path);
    if (base !== undefined) {
      if (Buffer.compare(base.payload, manifest.payload) === 0) return base;
      const delta = encodeDelta(manifest, base);
      if (delta.length < manifest.payload.length * WORTHWHILE_RATIO) {
        return { digest: manifestDigestOf(delta), bytes: delta };
      }
    }
    const bytes = encodeManifest(manifest);
    return { digest: manifestDigestOf(bytes), bytes };
  }

  /** The digests of manifests that the entry needs and that existing packs have: of trees, and bases of deltas. */
  #listHeldManifests(): Set<string> {
    const needed = new Set<string>();
    for (const { digest } of this.#trees) {
      const own = this.#newManifests.get(digest)?.bytes;
      const base = baseDigestOf(own ?? this.#held.manifestFile(digest) ?? new Uint8Array(0));
      if (own === undefined) needed.add(digest);
      if (base !== undefined) needed.add(base);
    }
    return needed;
  }
}
