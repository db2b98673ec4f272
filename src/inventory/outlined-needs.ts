import type { CacheDirectory } from "../cache/cache-directory.ts";
import type { Runner } from "../work/job.ts";
import { FileItems } from "./file-items.ts";
import type { KeyGroup } from "./group-keys.ts";
import { ItemCollector } from "./item-collector.ts";
import type { Items } from "./items.ts";
import type { ManifestOutline } from "./manifest-outline.ts";
import type { Needs } from "./needs.ts";
import type { NeedsFinder } from "./needs-finder.ts";
import { outlineHere } from "./outline-manifest-job.ts";
import { type ExpectedManifest, OutlinesAhead } from "./outlines-ahead.ts";

/** For fewer, an outline takes longer than it saves. */
const FEWEST_FILES = 1000;

/**
 * Finds out what manifests need from outlines, which threads make ahead, as long as everything is listed and whole.
 * Otherwise, a `NeedsFinder` reads the manifest itself.
 */
export class OutlinedNeeds {
  readonly #manifests: CacheDirectory["manifests"];
  readonly #items: Items;
  readonly #finder: Pick<NeedsFinder, "find">;
  readonly #isEnough: (digest: string) => boolean;
  /** The digests of manifests with many files. */
  readonly #large = new Set<string>();
  readonly #ahead: OutlinesAhead;
  readonly #fileItems: FileItems;
  readonly #found = new ItemCollector();
  #prepared: { readonly digest: string; readonly outline: ManifestOutline | undefined } | undefined;

  /** @param isEnough whether nothing but its objects matters in a manifest */
  constructor(
    { manifests }: Pick<CacheDirectory, "manifests">,
    items: Items,
    finder: Pick<NeedsFinder, "find">,
    runner: Runner,
    isEnough: (digest: string) => boolean,
  ) {
    this.#manifests = manifests;
    this.#items = items;
    this.#finder = finder;
    this.#isEnough = isEnough;
    this.#ahead = new OutlinesAhead({ manifests }, runner);
    this.#fileItems = new FileItems(items, this.#ahead.reach);
  }

  /** How many files the manifests of some entries have, about: of others, it is taken to be few. */
  noteSizes(entries: Iterable<Pick<KeyGroup, "manifests" | "fileCount">>): void {
    for (const { manifests, fileCount } of entries)
      if (fileCount >= FEWEST_FILES) for (const digest of manifests) this.#large.add(digest);
  }

  /** @param manifests in the order in which they will be prepared, each once */
  expect(manifests: readonly ExpectedManifest[]): void {
    this.#ahead.expect(manifests.filter(({ digest }) => this.#mayOutline(digest)));
  }

  /** Waits for the outline that a thread makes, so that `find` need not make it. @throws BtdtError, like `find`; CANCELLED */
  async prepare(digest: string): Promise<void> {
    this.#prepared = { digest, outline: await this.#ahead.take(digest) };
  }

  /** What a manifest in the cache needs. @throws BtdtError CACHE_FORMAT_NEWER, CACHE_NOT_ACCESSIBLE */
  find(digest: string): Needs {
    const items = this.#mayOutline(digest) ? this.#list(digest) : undefined;
    return items === undefined
      ? this.#finder.find(digest)
      : { items, isKnown: true, condition: { kind: "whole" } };
  }

  /** Where there are packs, what a manifest needs depends on more than the names of its objects. */
  #mayOutline(digest: string): boolean {
    return this.#items.firstFile === 0 && this.#large.has(digest) && this.#isEnough(digest);
  }

  /** Undefined if that takes reading the manifest itself. */
  #list(digest: string): Uint32Array | undefined {
    const prepared = this.#prepared?.digest === digest ? this.#prepared.outline : undefined;
    this.#prepared = undefined;
    const isListed = prepared === undefined ? undefined : this.#collect(digest, prepared);
    if (isListed !== undefined) return isListed ? this.#found.list() : undefined;
    const known = this.#fileItems.digests;
    const outline = outlineHere({ manifests: this.#manifests, digest, known });
    if (outline === undefined) return undefined;
    return this.#collect(digest, outline) === true ? this.#found.list() : undefined;
  }

  /** See `FileItems`. */
  #collect(digest: string, outline: ManifestOutline): boolean | undefined {
    this.#found.begin();
    const isListed =
      this.#addManifest(digest) && (outline.base === undefined || this.#addManifest(outline.base));
    const areListed = this.#fileItems.collect(digest, outline, this.#found);
    return areListed === undefined ? undefined : areListed && isListed;
  }

  #addManifest(digest: string): boolean {
    const item = this.#items.itemOfFile(digest);
    if (item === undefined) return false;
    this.#found.add(item);
    return true;
  }
}
