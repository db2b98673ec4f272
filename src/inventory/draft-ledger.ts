import { compileLightly } from "../base/compile-lightly.ts";
import type { Ledger, RecordedEntry, RecordedManifest } from "../ledger/ledger.ts";
import { BLOCK_OBJECTS, ObjectBlock } from "../ledger/object-block.ts";
import type { CachedEntry, Inventory } from "./inventory.ts";
import { type Items, NO_ITEM } from "./items.ts";
import type { OwnerCounts } from "./owner-counts.ts";

/** What the entries of a plain stock need, in the form of a ledger. */
export interface LedgerDraft {
  readonly ledger: Ledger;
  /** Its objects. The same memory is used for all blocks. */
  readonly blocks: () => Generator<ObjectBlock>;
}

/**
 * @param kept those entries of the stock that stay
 * @param counts of what these need
 */
export function draftLedger(
  stock: Pick<Inventory, "items" | "entries" | "needs">,
  { kept, counts }: { readonly kept: readonly CachedEntry[]; readonly counts: OwnerCounts },
  times: Pick<Ledger, "readMs" | "fileCount">,
): LedgerDraft {
  const { items } = stock;
  const manifests: RecordedManifest[] = [];
  const objects = new Uint32Array(countNeeded(counts));
  let objectCount = 0;
  const probe = new ObjectBlock(1);
  for (let item = items.firstFile; item < items.count; item++) {
    if (counts.entriesOf(item) === 0) continue;
    if (items.kindOf(item) === "manifest") {
      manifests.push(recordManifest(items, item, counts));
    } else if (!isTwin(items, item, probe, counts)) {
      objects[objectCount] = item;
      objectCount += 1;
    }
  }
  const ledger = { ...times, objectCount, entries: recordEntries(stock, kept), manifests };
  return { ledger, blocks: () => copyObjects(items, objects.subarray(0, objectCount), counts) };
}

function recordEntries(
  { entries, needs }: Pick<Inventory, "entries" | "needs">,
  kept: readonly CachedEntry[],
): RecordedEntry[] {
  const counted = new Map(entries.map(({ id }, index) => [id, needs.entries[index]]));
  return kept.flatMap(({ id }) => {
    const entry = counted.get(id);
    if (entry === undefined) return [];
    return { manifests: id.split(" "), number: entry.number, neededBytes: entry.neededBytes };
  });
}

function* copyObjects(items: Items, objects: Uint32Array, counts: OwnerCounts): Generator<ObjectBlock> {
  let block = new ObjectBlock(Math.min(BLOCK_OBJECTS, objects.length));
  for (let start = 0; start < objects.length; start += block.count) {
    const count = Math.min(block.count, objects.length - start);
    if (count < block.count) block = new ObjectBlock(count);
    for (let index = 0; index < count; index++) {
      const item = objects[start + index] ?? 0;
      items.record(item, block, index);
      block.entryCounts[index] = counts.entriesOf(item);
      block.owners[index] = counts.ownersOf(item);
    }
    yield block;
  }
}

/** An exclusive object next to one that is not: to a ledger, they are the same. */
function isTwin(items: Items, item: number, probe: ObjectBlock, counts: OwnerCounts): boolean {
  if (!items.hasExclusiveObjects) return false;
  items.record(item, probe, 0);
  const shared = items.itemOfRecorded(probe, 0, false, NO_ITEM);
  return shared !== item && shared !== NO_ITEM && counts.entriesOf(shared) > 0;
}

function recordManifest(items: Items, item: number, counts: OwnerCounts): RecordedManifest {
  return {
    digest: items.nameOf(item),
    sizeBytes: items.sizeOf(item),
    changedSeconds: items.changedMsOf(item) / 1000,
    entryCount: counts.entriesOf(item),
    owners: counts.ownersOf(item),
  };
}

function countNeeded(counts: OwnerCounts): number {
  let count = 0;
  for (let item = 0; item < counts.itemCount; item++) if (counts.entriesOf(item) !== 0) count += 1;
  return count;
}

compileLightly(isTwin, countNeeded);
