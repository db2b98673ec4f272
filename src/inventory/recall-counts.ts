import { compileLightly } from "../base/compile-lightly.ts";
import type { Pause } from "../base/pause.ts";
import type { LedgerReader } from "../ledger/ledger-reader.ts";
import type { ObjectBlock } from "../ledger/object-block.ts";
import { at } from "../manifest/manifest.ts";
import { type Items, NO_ITEM } from "./items.ts";
import { OwnerCounts } from "./owner-counts.ts";

/**
 * How many entries need each item, as a ledger says. Undefined unless all manifests and objects in it are there, and
 * whole, and its checksum is right.
 * @throws BtdtError CANCELLED; a `node:fs` error
 */
export async function recallCounts(
  reader: LedgerReader,
  items: Items,
  pause: Pause,
): Promise<OwnerCounts | undefined> {
  const { entries, manifests } = reader.ledger;
  let mostEntries = entries.length;
  for (const { number } of entries) mostEntries = Math.max(mostEntries, number + 1);
  const counts = OwnerCounts.allocate(items.count, mostEntries);
  for (const { digest, entryCount, owners } of manifests) {
    const item = items.itemOfFile(digest);
    if (item === undefined || counts.entriesOf(item) !== 0 || !isCount(entryCount, entries.length))
      return undefined;
    counts.set(item, entryCount, owners);
  }
  const kinds = items.hasExclusiveObjects ? [false, true] : [false];
  let last = NO_ITEM;
  for (const block of reader.readBlocks()) {
    for (let object = 0; object < block.count; object++) {
      if (!isCount(at(block.entryCounts, object), entries.length)) return undefined;
      last = countObject(block, object, items, kinds, counts, last);
      if (last === NO_ITEM) return undefined;
    }
    await pause();
  }
  return reader.isSound() ? counts : undefined;
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
  counts: OwnerCounts,
  last: number,
): number {
  let found = NO_ITEM;
  for (const isExclusive of kinds) {
    const item = items.itemOfRecorded(block, object, isExclusive, last);
    if (item === NO_ITEM) continue;
    // One that is in the ledger twice would count for one entry too many, or too few.
    if (counts.entriesOf(item) !== 0 || !items.isWhole(item, at(block.fileSizes, object))) return NO_ITEM;
    counts.set(item, at(block.entryCounts, object), at(block.owners, object));
    found = item;
  }
  return found;
}

compileLightly(isCount, countObject);
