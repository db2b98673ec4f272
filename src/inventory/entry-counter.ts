import type { Pause } from "../base/pause.ts";
import type { Progress } from "../base/progress.ts";
import { type CountedEntry, NeedCounter, type NeedTotals } from "./count-needs.ts";
import type { ManifestNeeds } from "./describe-entry.ts";
import type { GroupedKeys, KeyGroup } from "./group-keys.ts";
import type { Items } from "./items.ts";
import type { KnownNeeds } from "./known-needs.ts";
import type { OutlinedNeeds } from "./outlined-needs.ts";
import type { ExpectedManifest } from "./outlines-ahead.ts";
import type { OwnerCounts } from "./owner-counts.ts";

/** An entry whose needs are counted. */
export interface CountedManifests extends CountedEntry {
  readonly manifests: readonly string[];
}

/** Counts how many entries need each item, reading the manifests of each entry once. */
export class EntryCounter {
  /** By the id of each. */
  readonly #counted = new Map<string, CountedManifests>();
  readonly #counter = new NeedCounter();
  readonly #items: Items;
  readonly #outlined: Pick<OutlinedNeeds, "prepare">;
  readonly #known: KnownNeeds;
  /** Of entries whose manifests were read. */
  #readFileCount = 0;
  /** Of the next entry that is counted. */
  #nextNumber = 0;
  #hasForgotten = false;

  constructor(items: Items, outlined: Pick<OutlinedNeeds, "prepare">, known: KnownNeeds) {
    this.#items = items;
    this.#outlined = outlined;
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

  /** The manifests that are yet to be read, in the order in which `add` will read them. */
  listUnread({ groups }: GroupedKeys): ExpectedManifest[] {
    const fresh = [...groups].filter(([id]) => !this.#counted.has(id));
    const fileCounts = new Map(
      fresh.flatMap(([, { manifests, fileCount }]) =>
        manifests.map((digest) => [digest, fileCount] as const),
      ),
    );
    return [...fileCounts].map(([digest, fileCount]) => ({ digest, fileCount }));
  }

  /**
   * Takes over what was counted before.
   * @param entries by the id of each
   */
  recall(entries: ReadonlyMap<string, CountedManifests>, counts: OwnerCounts): void {
    this.#counter.recall(counts);
    for (const [id, entry] of entries) {
      this.#counted.set(id, entry);
      this.#nextNumber = Math.max(this.#nextNumber, entry.number + 1);
    }
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
      if (!this.#known.has(digest)) {
        progress?.add({ files: 1 });
        await this.#outlined.prepare(digest);
      }
      parts.push({ digest, ...this.#known.find(digest) });
      await pause();
    }
    const items = this.#known.unite(parts.map((part) => part.items));
    const counted = this.#counter.add(this.#nextNumber, items, this.#items.measure());
    this.#nextNumber += 1;
    this.#counted.set(id, { ...counted, manifests });
    this.#readFileCount += fileCount;
    return parts;
  }

  /** What only vanished entries needed becomes garbage, as far as what they needed is still known. */
  forgetVanished({ groups }: GroupedKeys): void {
    for (const [id, { manifests, number }] of this.#counted) {
      const items = groups.has(id) ? undefined : this.#known.list(manifests);
      if (items === undefined) continue;
      this.#counter.remove(number, items);
      this.#counted.delete(id);
      this.#hasForgotten = true;
    }
  }

  /** With all entries of the keys, in their order, which were added. */
  finish({ groups }: GroupedKeys): NeedTotals {
    const entries = [...groups.keys()].flatMap((id) => this.#counted.get(id) ?? []);
    return { counts: this.#counter.finish(this.#items.count), entries };
  }
}
