import type { ByteString } from "../base/byte-string.ts";
import { TreeGarbage } from "../base/collect-garbage.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";
import { manifestDigestOf } from "../manifest/codec.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { ManifestReader, type ReadManifest } from "../manifest/manifest-reader.ts";
import { hasLostData } from "../objects/has-lost-data.ts";
import { hasObject } from "../objects/object-attributes.ts";
import { nameObject, twinOf } from "../objects/object-name.ts";
import type { PackContents } from "../packs/contents/pack-contents.ts";
import type { Condition } from "./condition.ts";
import { FilePredictor } from "./file-predictor.ts";
import type { PacksOfCache } from "./find-packs.ts";
import { ItemCollector } from "./item-collector.ts";
import { type Items, NO_ITEM } from "./items.ts";
import { findManifest } from "./list-files.ts";
import type { Needs } from "./needs.ts";
import { addPacked } from "./packed-items.ts";
import { readListedManifest } from "./read-listed-manifest.ts";
import { UnlistedObjects } from "./unlisted-objects.ts";

const SHARED_KIND = [false];
/** Not exclusive, and exclusive. */
const EITHER_KIND = [false, true];

/** What of a manifest's contents is not there, or cannot be examined. */
interface Lack {
  isAny: boolean;
  readonly editedPaths: ByteString[];
  unreadable: string | undefined;
}

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
  readonly #garbage = new TreeGarbage();

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
    const read = this.#reader.read(digest);
    // Such as its file, which has been inflated.
    if (read.kind === "read") this.#garbage.add(read.manifest.counts.fileCount);
    return this.#findNeeds(digest, read, false);
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
    const lack: Lack = { isAny: false, editedPaths: [], unreadable: undefined };
    if (!isIntent) this.#predictor.begin(manifest);
    // Without closures, which would cost memory for each file.
    for (let file = 0; file < manifest.counts.fileCount; file++) {
      if (!isIntent && this.#addPredicted(file)) continue;
      if (!hasObject(manifest, file) || this.#addListed(manifest, file, isIntent)) continue;
      this.#addDoubtful(manifest, file, isIntent, lack);
    }
    if (lack.unreadable !== undefined) return { kind: "unreadable", reason: lack.unreadable };
    if (!lack.isAny) return { kind: "whole" };
    const reason = this.#unreadablePacks;
    if (reason !== undefined) return { kind: "unreadable", reason };
    return { kind: "damaged", reason: "contents are missing", editedPaths: lack.editedPaths };
  }

  /** Of a file without a listed object that is whole. */
  #addDoubtful(manifest: Manifest, file: number, isIntent: boolean, lack: Lack): void {
    const isPacked = addPacked(manifest, file, this.#packs, this.#items, this.#found);
    if (this.#addUsable(this.#findListed(manifest, file), manifest, file) || isPacked) return;
    try {
      const name = nameObject(manifest, file);
      const found = [name, twinOf(name)].flatMap((each) => {
        return this.#items.itemOfFile(each) ?? this.#unlisted.find(each) ?? [];
      });
      const isWhole = (item: number): boolean => this.#items.isWhole(item, at(manifest.fileSizes, file));
      this.hasFoundAltered ||= !isIntent && !found.every(isWhole);
      if (this.#addUsable(found, manifest, file)) return;
      lack.isAny = true;
      if (found.some((item) => this.#isEdited(item, manifest, file)))
        lack.editedPaths.push(manifest.filePath(file));
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      lack.unreadable ??= `an object cannot be examined: ${reasonOf(error)}`;
    }
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

  #isEdited(item: number, manifest: Manifest, file: number): boolean {
    const object = { ...this.#items.flagsOf(item), sizeBytes: this.#items.sizeOf(item) };
    return !hasLostData(object, at(manifest.fileSizes, file));
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
