import type { ByteString } from "../base/byte-string.ts";
import { CHUNK_SIZE_BYTES, DIGEST_SIZE_BYTES, digestAt } from "../base/digest.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";
import { manifestDigestOf } from "../manifest/codec.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { ManifestReader, type ReadManifest } from "../manifest/manifest-reader.ts";
import { hasLostData } from "../objects/has-lost-data.ts";
import { hasObject } from "../objects/object-attributes.ts";
import { nameObject, twinOf } from "../objects/object-name.ts";
import { NOT_FOUND } from "../packs/contents/content-table.ts";
import type { PackContents } from "../packs/contents/pack-contents.ts";
import type { Condition } from "./condition.ts";
import { FilePredictor } from "./file-predictor.ts";
import type { PacksOfCache } from "./find-packs.ts";
import { ItemCollector } from "./item-collector.ts";
import { type Items, NO_ITEM } from "./items.ts";
import { findManifest } from "./list-files.ts";
import type { Needs } from "./needs.ts";
import { readListedManifest } from "./read-listed-manifest.ts";
import { UnlistedObjects } from "./unlisted-objects.ts";

const SHARED_KIND = [false];
/** Not exclusive, and exclusive. */
const EITHER_KIND = [false, true];

/**
 * Finds out what manifests need. A listing is trusted in what it contains, but not in what it lacks: that is looked
 * up by name before an entry counts as damaged.
 */
export class NeedsFinder {
  readonly #cache: CacheDirectory;
  readonly #items: Items;
  readonly #packs: PackContents;
  /** Set if some packs could not be read, which may contain what is missing elsewhere. */
  readonly #unreadablePacks: string | undefined;
  readonly #reader: ManifestReader;
  readonly #onManifest: (manifest: Manifest, digest: string | undefined) => void;
  readonly #found = new ItemCollector();
  readonly #predictor = new FilePredictor();
  /** An object that some entry names was found, and is not whole. */
  hasFoundAltered = false;
  readonly #unlisted: UnlistedObjects;

  /** @param onManifest called for each manifest that could be read, with its digest unless it is an intent */
  constructor(
    cache: CacheDirectory,
    items: Items,
    { packs, unreadable }: PacksOfCache,
    onManifest: (manifest: Manifest, digest: string | undefined) => void,
  ) {
    this.#cache = cache;
    this.#items = items;
    this.#packs = packs;
    this.#unreadablePacks = unreadable;
    this.#reader = new ManifestReader((digest) => readListedManifest(cache, digest), true);
    this.#onManifest = onManifest;
    this.#unlisted = new UnlistedObjects(cache, items);
  }

  /** Time has passed since the last call: what was missing may have been made. */
  lookAgain(): void {
    this.#unlisted.lookAgain();
  }

  /** What a manifest in the cache needs. @throws BtdtError CACHE_FORMAT_NEWER */
  find(digest: string): Needs {
    return this.#findNeeds(digest, this.#reader.read(digest), false);
  }

  /**
   * What a manifest that a store is about to publish needs. Objects that are not whole count as well: the store may
   * be replacing them at the moment.
   * @throws BtdtError CACHE_FORMAT_NEWER
   */
  findForIntent(file: Uint8Array): Needs {
    const digest = manifestDigestOf(file);
    return this.#findNeeds(digest, this.#reader.decode(file, digest), true);
  }

  #findNeeds(digest: string, read: ReadManifest, isIntent: boolean): Needs {
    this.#found.begin();
    this.#addManifest(digest);
    const condition = this.#addNeeds(read, isIntent ? undefined : digest);
    return { items: this.#found.list(), isKnown: read.kind !== "unreadable", condition };
  }

  #addNeeds(read: ReadManifest, digest: string | undefined): Condition {
    switch (read.kind) {
      case "missing":
        return { kind: "damaged", reason: "its manifest is missing", editedPaths: [] };
      case "damaged":
        return { ...read, editedPaths: [] };
      case "unreadable":
        return read;
      case "read":
        if (read.base !== undefined) this.#addManifest(read.base);
        this.#onManifest(read.manifest, digest);
        return this.#addContents(read.manifest, digest === undefined);
    }
  }

  /**
   * A file has an object, or contents in packs; if it has both, those in packs are not needed. An object whose mode or
   * time is not the right one may have been edited or not, which only a restore finds out: it is no damage, but packs
   * that have its content are needed.
   */
  #addContents(manifest: Manifest, isIntent: boolean): Condition {
    const editedPaths: ByteString[] = [];
    let unreadable: string | undefined;
    let isMissing = false;
    if (!isIntent) this.#predictor.begin(manifest);
    for (let file = 0; file < manifest.counts.fileCount; file++) {
      if (!isIntent && this.#addPredicted(file)) continue;
      if (!hasObject(manifest, file) || this.#addListed(manifest, file, isIntent)) continue;
      const isPacked = this.#addPacked(manifest, file);
      if (this.#addUsable(this.#findListed(manifest, file), manifest, file) || isPacked) continue;
      try {
        const name = nameObject(manifest, file);
        const found = [name, twinOf(name)].flatMap((each) => {
          return this.#items.itemOfFile(each) ?? this.#unlisted.find(each) ?? [];
        });
        const isWhole = (item: number): boolean => this.#items.isWhole(item, at(manifest.fileSizes, file));
        this.hasFoundAltered ||= !isIntent && !found.every(isWhole);
        if (this.#addUsable(found, manifest, file)) continue;
        isMissing = true;
        if (found.some((item) => this.#isEdited(item, manifest, file)))
          editedPaths.push(manifest.filePath(file));
      } catch (error) {
        if (errnoOf(error) === undefined) throw error;
        unreadable ??= `an object cannot be examined: ${reasonOf(error)}`;
      }
    }
    if (unreadable !== undefined) return { kind: "unreadable", reason: unreadable };
    if (!isMissing) return { kind: "whole" };
    const reason = this.#unreadablePacks;
    if (reason !== undefined) return { kind: "unreadable", reason };
    return { kind: "damaged", reason: "contents are missing", editedPaths };
  }

  /** Adds the whole object that the previous manifest had for this file, unless there may be an exclusive one, too. */
  #addPredicted(file: number): boolean {
    const item = this.#items.hasExclusiveObjects ? NO_ITEM : this.#predictor.find(file);
    if (item === NO_ITEM) return false;
    this.#found.add(item);
    return true;
  }

  /** Adds the listed objects of a file that are whole; for an intent, also the others. False if none is whole. */
  #addListed(manifest: Manifest, file: number, isIntent: boolean): boolean {
    let isAnyWhole = false;
    for (const isExclusive of this.#listedKinds()) {
      const item = this.#items.itemOfObject(manifest, file, isExclusive);
      if (item === NO_ITEM) continue;
      const isWhole = this.#items.isWhole(item, at(manifest.fileSizes, file));
      if (isWhole || isIntent) this.#found.add(item);
      if (isWhole && !isIntent && !this.#items.hasExclusiveObjects) this.#predictor.note(file, item);
      this.hasFoundAltered ||= !isWhole && !isIntent;
      isAnyWhole ||= isWhole;
    }
    return isAnyWhole;
  }

  #findListed(manifest: Manifest, file: number): number[] {
    const items = this.#listedKinds().map((kind) => this.#items.itemOfObject(manifest, file, kind));
    return items.filter((item) => item !== NO_ITEM);
  }

  #listedKinds(): readonly boolean[] {
    return this.#items.hasExclusiveObjects ? EITHER_KIND : SHARED_KIND;
  }

  /** Adds those objects of a file that have its size; false if none does. */
  #addUsable(objects: readonly number[], manifest: Manifest, file: number): boolean {
    const usable = objects.filter((item) => this.#items.hasSize(item, at(manifest.fileSizes, file)));
    for (const item of usable) this.#found.add(item);
    return usable.length > 0;
  }

  /**
   * False if the packs lack some of a file's contents. What they have of it is needed all the same: the store whose
   * intent this is may have found the rest missing, and be about to add it.
   */
  #addPacked(manifest: Manifest, file: number): boolean {
    const offset = file * DIGEST_SIZE_BYTES;
    const sizeBytes = at(manifest.fileSizes, file);
    if (sizeBytes <= CHUNK_SIZE_BYTES) {
      const content = this.#packs.findSmall(manifest.fileDigests, offset);
      if (content !== NOT_FOUND) this.#found.add(this.#items.itemOfContent(content));
      return content !== NOT_FOUND;
    }
    const digest = digestAt(manifest.fileDigests, file);
    const [list, chunks] = [this.#packs.largePlaceOf(digest), this.#packs.findKnownChunks(digest, sizeBytes)];
    if (list === undefined || chunks === undefined) return false;
    this.#found.add(this.#items.itemOfChunkList(list.pack, list.large));
    for (const chunk of chunks) if (chunk !== NOT_FOUND) this.#found.add(this.#items.itemOfContent(chunk));
    return !chunks.includes(NOT_FOUND);
  }

  #isEdited(item: number, manifest: Manifest, file: number): boolean {
    const object = this.#items.fileOf(item);
    return object?.kind === "object" && !hasLostData(object, at(manifest.fileSizes, file));
  }

  #addManifest(digest: string): void {
    const item = this.#items.itemOfFile(digest) ?? this.#lookUpManifest(digest);
    if (item !== undefined) this.#found.add(item);
  }

  /** The item of a manifest that was in no listing; without it, only the size of its entry would be wrong. */
  #lookUpManifest(digest: string): number | undefined {
    try {
      const manifest = findManifest(this.#cache, digest);
      return manifest === undefined ? undefined : this.#items.addFile(manifest);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      return undefined;
    }
  }
}
