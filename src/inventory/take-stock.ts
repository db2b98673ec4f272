/**
 * Takes stock of a cache: which entries exist, what each needs, and what nothing needs. It reads names, sizes, keys,
 * manifests and pack indexes, never contents, and changes nothing. What could not be read is distinguished from what
 * is damaged: it says nothing about the cache, and nothing may be deleted because of it.
 */

import type { Progress } from "../base/progress.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { listOldCounts } from "../cache/restore-counts.ts";
import { listPacks } from "../packs/contents/pack-directory.ts";
import { Doubts } from "./doubts.ts";
import { EditedPathUse, NO_EDITED_PATHS } from "./edited-path-use.ts";
import { EntryCounter } from "./entry-counter.ts";
import { findIntents, type IntentsOfCache } from "./find-intents.ts";
import { findPacks, type PacksOfCache } from "./find-packs.ts";
import { findPins, type IsPinned } from "./find-pins.ts";
import { findYoung, type Grace, protectsYoung } from "./find-young.ts";
import { measureGarbage } from "./garbage.ts";
import { type GroupedKeys, groupKeys } from "./group-keys.ts";
import type { CachedEntry, Inventory } from "./inventory.ts";
import { Items } from "./items.ts";
import { KnownKeys } from "./known-keys.ts";
import { KnownNeeds } from "./known-needs.ts";
import { type FileListing, listFiles } from "./list-files.ts";
import { NeedsFinder } from "./needs-finder.ts";
import { OutlinedNeeds } from "./outlined-needs.ts";
import { isUpToDate, type Recollection, recallLedger } from "./recall-ledger.ts";
import { surveyEntries } from "./survey-entries.ts";

export interface StockRequest extends FileListing {
  readonly nowMs: number;
  readonly grace: Grace;
  readonly progress?: Progress;
  /** How many of the items that entries need are kept in memory; by default, not all of those of many large entries. */
  readonly mostKeptItems?: number;
  /** The names of objects are listed again if they are asked for, which saves memory. */
  readonly forgetsNames?: boolean;
  /** Counts from the ledger, if it can, instead of from manifests. */
  readonly mayRecall?: boolean;
}

/**
 * Takes stock; under the cache's exclusive lock if anything is to be deleted. Intents are read before keys, so that a
 * store that publishes its keys and removes its intent in the meantime is seen at least once.
 * @throws BtdtError CACHE_FORMAT_NEWER, CACHE_NOT_ACCESSIBLE, CANCELLED
 */
export async function takeStock(cache: CacheDirectory, request: StockRequest): Promise<Inventory> {
  return await new Stocktaking(cache, request).take();
}

/** What stores change all the time. */
interface Names extends IntentsOfCache {
  readonly keys: GroupedKeys;
  readonly isPinned: IsPinned;
}

/** What takes long to list. */
interface Listed {
  readonly items: Items;
  readonly readable: PacksOfCache;
  readonly finder: NeedsFinder;
  readonly outlined: OutlinedNeeds;
  readonly known: KnownNeeds;
  readonly counter: EntryCounter;
  readonly recollection: Recollection | undefined;
  readonly editedPathUse: EditedPathUse | undefined;
}

/** A stock that can be brought up to date without listing everything again. */
export class Stocktaking {
  readonly #cache: CacheDirectory;
  readonly #request: StockRequest;
  readonly #knownKeys: KnownKeys;
  #recordedPaths: GroupedKeys["recordedPaths"] = new Map();
  /** Undefined unless the stock is plain. */
  #plain: Listed | undefined;

  constructor(cache: CacheDirectory, request: StockRequest) {
    this.#cache = cache;
    this.#request = request;
    this.#knownKeys = new KnownKeys(cache, request.nowMs);
  }

  /** Whether `update` is of use. */
  get isPlain(): boolean {
    return this.#plain !== undefined;
  }

  /** @throws BtdtError CACHE_FORMAT_NEWER, CACHE_NOT_ACCESSIBLE, CANCELLED */
  async take(): Promise<Inventory> {
    const doubts = new Doubts(!this.#cache.isPrepared());
    const names = await this.#readNames(doubts);
    const listed = await this.#list(names.keys, doubts);
    const inventory = await this.#count(names, listed, doubts);
    if (inventory.isPlain) this.#plain = listed;
    return inventory;
  }

  /**
   * Looks again at intents, keys and pins, which takes an instant: what is needed now counts as needed, and of what was
   * listed before, everything else is unneeded. Sizes of single entries are not brought up to date. Call it once, under
   * the cache's exclusive lock, after `take`.
   *
   * That is enough only if the stock is plain. Otherwise, what is needed of packs, or of objects that are not whole,
   * depends on the state that other objects were in, and what is damaged may have been mended since.
   * @returns undefined if stock has to be taken again
   * @throws BtdtError CACHE_FORMAT_NEWER, CACHE_NOT_ACCESSIBLE, CANCELLED
   */
  async update(): Promise<Inventory | undefined> {
    const listed = this.#plain;
    if (listed === undefined) return undefined;
    const doubts = new Doubts();
    const names = await this.#readNames(doubts);
    const packs = doubts.attempt("the list of packs", () => listPacks(this.#cache));
    if (packs === undefined || packs.length > 0) return undefined;
    listed.finder.lookAgain();
    listed.counter.forgetVanished(names.keys);
    const inventory = await this.#count(names, listed, doubts);
    return inventory.isPlain ? inventory : undefined;
  }

  async #readNames(doubts: Doubts): Promise<Names> {
    const { nowMs, grace, pause } = this.#request;
    const intents = findIntents(this.#cache, nowMs, grace.anyMs, doubts);
    const keys = await groupKeys(this.#cache, pause, (name) => this.#knownKeys.read(name));
    doubts.addKeys(keys);
    this.#recordedPaths = keys.recordedPaths;
    return { ...intents, keys, isPinned: findPins(this.#cache, doubts) };
  }

  async #list(keys: GroupedKeys, doubts: Doubts): Promise<Listed> {
    const cache = this.#cache;
    const readable = findPacks(cache, doubts);
    const { nowMs, grace, runner, pause, mostKeptItems, forgetsNames, mayRecall } = this.#request;
    const items = new Items(readable.packs, forgetsNames !== true);
    if (protectsYoung(grace)) items.keepChangeTimes();
    await listFiles(cache, items, doubts, this.#request);
    const editedPathUse = doubts.attempt("the edited paths", () => new EditedPathUse(cache));
    const finder = new NeedsFinder(cache, items, readable, (manifest, digest) => {
      editedPathUse?.see(manifest, digest === undefined ? undefined : this.#recordedPaths.get(digest));
    });
    const outlined = new OutlinedNeeds(cache, items, finder, runner, (digest) => {
      return editedPathUse?.mayConcern(this.#recordedPaths.get(digest)) !== true;
    });
    const known = new KnownNeeds(outlined, mostKeptItems);
    const counter = new EntryCounter(items, outlined, known);
    const recollection =
      mayRecall === true
        ? await recallLedger({ cache, keys, items, known, counter, nowMs, pause })
        : undefined;
    return { items, readable, finder, outlined, known, counter, recollection, editedPathUse };
  }

  async #count(names: Names, listed: Listed, doubts: Doubts): Promise<Inventory> {
    const { nowMs, grace } = this.#request;
    const { keys, intents, sessions } = names;
    const { items, readable, finder, counter, recollection, editedPathUse } = listed;
    const { progress, pause } = this.#request;
    const entries = await surveyEntries(names, { ...listed, doubts, progress, pause });
    const pinned = new Set<number>();
    for (const intent of intents) {
      const needed = finder.findForIntent(intent);
      for (const item of needed.items) pinned.add(item);
      // The store notices damage: if its base is gone, it announces another manifest before it relies on anything.
      if (!needed.isKnown) doubts.addUnknownNeeds("a running store", needed.condition);
    }
    const needs = counter.finish(keys);
    for (const item of findYoung(items, readable.packs, needs, nowMs, grace)) pinned.add(item);
    // If an entry was not read, it may contain any edited path.
    const isAllRead = !doubts.mayAllBeNeeded && recollection === undefined;
    const found = {
      damagedKeyFiles: keys.damaged,
      sessions: sessions.filter(({ isDead }) => isDead),
      editedPaths: (isAllRead ? editedPathUse?.plan(nowMs) : undefined) ?? NO_EDITED_PATHS,
      oldCounts: doubts.attempt("the restore counts", () => listOldCounts(this.#cache, nowMs)) ?? [],
    };
    return {
      entries,
      keys: keys.stored,
      items,
      itemBytes: items.measure(),
      needs,
      firstFile: items.firstFile,
      pinnedItems: Uint32Array.from(pinned),
      mayAllBeNeeded: doubts.mayAllBeNeeded,
      packs: readable.packs,
      garbage: measureGarbage(found, doubts),
      warnings: doubts.warnings,
      isPlain: isPlain(entries, listed, doubts),
      isExact: counter.isExact(keys),
      fileCounts: new Map([...keys.groups].map(([id, { fileCount }]) => [id, fileCount])),
      recalled: recollection && { readMs: recollection.readMs, isCurrent: isUpToDate(recollection, counter) },
    };
  }
}

/** Everything that entries need is an object or a manifest, and whole. */
function isPlain(
  entries: readonly CachedEntry[],
  { readable: { packs }, finder }: Listed,
  { warnings }: Doubts,
): boolean {
  return (
    packs.packs.length + packs.damaged.length + packs.unreadable.length === 0 &&
    warnings.length === 0 &&
    !finder.hasFoundAltered &&
    entries.every(({ condition }) => condition.kind === "whole")
  );
}
