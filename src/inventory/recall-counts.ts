import { compileLightly } from "../base/compile-lightly.ts";
import type { Pause } from "../base/pause.ts";
import type { LedgerReader } from "../ledger/ledger-reader.ts";
import type { ObjectBlock } from "../ledger/object-block.ts";
import { at } from "../manifest/manifest.ts";
import { type Items, NO_ITEM } from "./items.ts";

/**
 * How many entries need each item, as a ledger says. Undefined unless all manifests and objects in it are there, and
 * whole, and its checksum is right.
 * @throws BtdtError CANCELLED; a `node:fs` error
 */
export async function recallCounts(
  reader: LedgerReader,
  items: Items,
  pause: Pause,
): Promise<Uint32Array | undefined> {
  const { entries, manifests } = reader.ledger;
  const counts = new Uint32Array(items.count);
  for (const { digest, entryCount } of manifests) {
    const item = items.itemOfFile(digest);
    if (item === undefined || counts[item] !== 0 || !isCount(entryCount, entries.length)) return undefined;
    counts[item] = entryCount;
  }
  const kinds = items.hasExclusiveObjects ? [false, true] : [false];
  for (const block of reader.readBlocks()) {
    for (let object = 0; object < block.count; object++) {
      if (!isCount(at(block.entryCounts, object), entries.length)) return undefined;
      if (!countObject(block, object, items, kinds, counts)) return undefined;
    }
    await pause();
  }
  return reader.isSound() ? counts : undefined;
}

function isCount(entryCount: number, entries: number): boolean {
  return entryCount >= 1 && entryCount <= entries;
}

/** An object can be exclusive or not, or both: then both are needed. */
function countObject(
  block: ObjectBlock,
  object: number,
  items: Items,
  kinds: readonly boolean[],
  counts: Uint32Array,
): boolean {
  let isFound = false;
  for (const isExclusive of kinds) {
    const item = items.itemOfObject(block, object, isExclusive);
    if (item === NO_ITEM) continue;
    // One that is in the ledger twice would count for one entry too many, or too few.
    if (counts[item] !== 0 || !items.isWhole(item, at(block.fileSizes, object))) return false;
    counts[item] = at(block.entryCounts, object);
    isFound = true;
  }
  return isFound;
}

compileLightly(isCount, countObject);
