import type { Pause } from "../base/pause.ts";
import type { Progress } from "../base/progress.ts";
import { NeedCounter, type NeedTotals } from "./count-needs.ts";
import type { ManifestNeeds } from "./describe-entry.ts";
import type { GroupedKeys, KeyGroup } from "./group-keys.ts";
import type { Items } from "./items.ts";
import type { KnownNeeds } from "./known-needs.ts";

/** Counts how many entries need each item, reading the manifests of each entry once. */
export class EntryCounter {
  /** The manifests of entries whose needs are counted, by the id of each. */
  readonly #counted = new Map<string, readonly string[]>();
  readonly #counter = new NeedCounter();
  readonly #items: Items;
  readonly #known: KnownNeeds;
  /** Of entries whose manifests were read. */
  #readFileCount = 0;
  #hasForgotten = false;

  constructor(items: Items, known: KnownNeeds) {
    this.#items = items;
    this.#known = known;
  }

  get readFileCount(): number {
    return this.#readFileCount;
  }

  /** Whether an entry that was counted has vanished. */
  get hasForgotten(): boolean {
    return this.#hasForgotten;
  }

  /** Whether no other entries than these are counted. */
  isExact({ groups }: GroupedKeys): boolean {
    return this.#counted.size === groups.size;
  }

  /** How many manifests are yet to be read. */
  countUnread({ groups }: GroupedKeys): number {
    const fresh = [...groups].filter(([id]) => !this.#counted.has(id));
    return new Set(fresh.flatMap(([, { manifests }]) => manifests)).size;
  }

  /**
   * Takes over what was counted before.
   * @param entries the manifests of each, by its id
   * @param entryCounts by item
   */
  recall(entries: ReadonlyMap<string, readonly string[]>, entryCounts: Uint32Array): void {
    this.#counter.recall(entryCounts);
    for (const [id, manifests] of entries) this.#counted.set(id, manifests);
  }

  /**
   * Counts what an entry needs, unless that was done before.
   * @returns what each of its manifests needs; empty if it was counted before, and is whole
   */
  async add(
    id: string,
    { manifests, fileCount }: KeyGroup,
    progress: Progress | undefined,
    pause: Pause,
  ): Promise<ManifestNeeds[]> {
    if (this.#counted.has(id)) return [];
    const parts: ManifestNeeds[] = [];
    for (const digest of manifests) {
      if (!this.#known.has(digest)) progress?.add({ files: 1 });
      parts.push({ digest, ...this.#known.find(digest) });
      await pause();
    }
    this.#counter.add(this.#known.unite(parts.map(({ items }) => items)), this.#items.measure());
    this.#counted.set(id, manifests);
    this.#readFileCount += fileCount;
    return parts;
  }

  /** What only entries need that are gone by now is garbage, unless it is not known any more. */
  forgetVanished({ groups }: GroupedKeys): void {
    for (const [id, manifests] of this.#counted) {
      const items = groups.has(id) ? undefined : this.#known.list(manifests);
      if (items === undefined) continue;
      this.#counter.remove(items);
      this.#counted.delete(id);
      this.#hasForgotten = true;
    }
  }

  finish(): NeedTotals {
    return this.#counter.finish(this.#items.count);
  }
}
