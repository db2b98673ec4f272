import type { Condition } from "./condition.ts";
import { ItemCollector } from "./item-collector.ts";
import type { Needs } from "./needs.ts";
import type { NeedsFinder } from "./needs-finder.ts";

/** In all lists together, 4 bytes each. */
const MOST_KEPT_ITEMS = 16 * 1024 * 1024;

interface KnownManifest {
  readonly needs: Omit<Needs, "items">;
  /** Undefined if it is read again when it is asked for. */
  readonly items: Uint32Array | undefined;
  readonly summary: ItemSummary;
}

interface ItemSummary {
  readonly count: number;
  readonly checksum: number | bigint;
}

/**
 * Remembers what each manifest needs. A cache may have thousands of entries that need millions of items each, so only
 * the first lists are kept in memory; for any other, the manifest is read again when its list is asked for.
 */
export class KnownNeeds {
  readonly #finder: Pick<NeedsFinder, "find">;
  readonly #manifests = new Map<string, KnownManifest>();
  readonly #union = new ItemCollector();
  readonly #unread = new Set<string>();
  #leftCount: number;

  /** @param mostKeptItems in all lists together */
  constructor(finder: Pick<NeedsFinder, "find">, mostKeptItems = MOST_KEPT_ITEMS) {
    this.#finder = finder;
    this.#leftCount = mostKeptItems;
  }

  /** Whether it was read before. */
  has(digest: string): boolean {
    return this.#manifests.has(digest);
  }

  /**
   * What a manifest needs. If it is read a second time, and is not what it was, nothing is known of its needs.
   * @throws BtdtError CACHE_FORMAT_NEWER
   */
  find(digest: string): Needs {
    const known = this.#manifests.get(digest);
    if (known === undefined) return this.#learn(digest);
    const items = this.#recall(digest, known);
    return items === undefined ? CHANGED : { ...known.needs, items };
  }

  /** What a manifest needs was counted without reading it: it is read if its list is asked for. */
  expect(digest: string): void {
    this.#unread.add(digest);
  }

  /**
   * What some manifests need, each item once. Undefined if one of them cannot be read again: what is subtracted from
   * counts must be exactly what was added to them, so a part of it is of no use.
   */
  list(digests: readonly string[]): Uint32Array | undefined {
    const lists: Uint32Array[] = [];
    for (const digest of digests) {
      const known = this.#manifests.get(digest);
      const items = known === undefined ? this.#readExpected(digest) : this.#recall(digest, known);
      if (items === undefined) return undefined;
      lists.push(items);
    }
    return this.unite(lists);
  }

  unite(lists: readonly Uint32Array[]): Uint32Array {
    const [first] = lists;
    if (first !== undefined && lists.length === 1) return first;
    this.#union.begin();
    for (const list of lists) this.#union.addAll(list);
    return this.#union.list();
  }

  /** What was counted was whole. */
  #readExpected(digest: string): Uint32Array | undefined {
    if (!this.#unread.has(digest)) return undefined;
    const { items, condition } = this.#learn(digest);
    return condition.kind === "whole" ? items : undefined;
  }

  #learn(digest: string): Needs {
    const { items, ...needs } = this.#finder.find(digest);
    const isKept = items.length <= this.#leftCount;
    if (isKept) this.#leftCount -= items.length;
    this.#manifests.set(digest, {
      needs,
      items: isKept ? items : undefined,
      summary: summarizeItems(items),
    });
    return { items, ...needs };
  }

  #recall(digest: string, { items, summary }: KnownManifest): Uint32Array | undefined {
    if (items !== undefined) return items;
    const found = this.#finder.find(digest).items;
    const { count, checksum } = summarizeItems(found);
    return count === summary.count && checksum === summary.checksum ? found : undefined;
  }
}

const unreadable: Condition = { kind: "unreadable", reason: "its manifest cannot be read again" };
const CHANGED: Needs = { items: new Uint32Array(0), isKnown: false, condition: unreadable };

function summarizeItems(items: Uint32Array): ItemSummary {
  return { count: items.length, checksum: Bun.hash.xxHash3(items) };
}
