import { compileLightly } from "../base/compile-lightly.ts";
import type { Pause } from "../base/pause.ts";
import type { LedgerReader } from "../ledger/ledger-reader.ts";
import type { ObjectBlock } from "../ledger/object-block.ts";
import { at } from "../manifest/manifest.ts";
import type { NeedTotals } from "./count-needs.ts";
import { type Items, NO_ITEM } from "./items.ts";

type Totals = Omit<NeedTotals, "entries">;

/**
 * How many entries need each item, as a ledger says. Undefined unless all manifests and objects in it are there, and
 * whole, and its checksum is right.
 * @throws BtdtError CANCELLED; a `node:fs` error
 */
export async function recallCounts(
  reader: LedgerReader,
  items: Items,
  pause: Pause,
): Promise<Totals | undefined> {
  const { entries, manifests } = reader.ledger;
  const totals = { entryCounts: new Uint32Array(items.count), owners: new Uint32Array(items.count) };
  const { entryCounts } = totals;
  for (const { digest, entryCount, owners } of manifests) {
    const item = items.itemOfFile(digest);
    if (item === undefined || entryCounts[item] !== 0 || !isCount(entryCount, entries.length))
      return undefined;
    entryCounts[item] = entryCount;
    totals.owners[item] = owners;
  }
  const kinds = items.hasExclusiveObjects ? [false, true] : [false];
  let last = NO_ITEM;
  for (const block of reader.readBlocks()) {
    for (let object = 0; object < block.count; object++) {
      if (!isCount(at(block.entryCounts, object), entries.length)) return undefined;
      last = countObject(block, object, items, kinds, totals, last);
      if (last === NO_ITEM) return undefined;
    }
    await pause();
  }
  return reader.isSound() ? totals : undefined;
}

function isCount(entryCount: number, entries: number): boolean {
  return entryCount >= 1 && entryCount <= entries;
}

/**
 * An object can be exclusive or not, or both: then both are needed.
 * @param last the item of the object before it; directories are mostly listed in the order of the last time
 * @returns its item, or NO_ITEM if it is not there, not whole, or counted before
 */
function countObject(
  block: ObjectBlock,
  object: number,
  items: Items,
  kinds: readonly boolean[],
  { entryCounts, owners }: Totals,
  last: number,
): number {
  let found = NO_ITEM;
  for (const isExclusive of kinds) {
    const item = items.itemOfRecorded(block, object, isExclusive, last);
    if (item === NO_ITEM) continue;
    // One that is in the ledger twice would count for one entry too many, or too few.
    if (entryCounts[item] !== 0 || !items.isWhole(item, at(block.fileSizes, object))) return NO_ITEM;
    entryCounts[item] = at(block.entryCounts, object);
    owners[item] = at(block.owners, object);
    found = item;
  }
  return found;
}

compileLightly(isCount, countObject);
