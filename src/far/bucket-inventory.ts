import { countNeeds } from "../inventory/count-needs.ts";
import type { CachedEntry, Stock } from "../inventory/inventory.ts";
import { entryIdOf } from "../key/key-record.ts";
import type { BucketStock, StockedKey } from "./take-bucket-stock.ts";

/** A bucket's entries, numbered for a plan: the items are packs. */
export interface BucketInventory extends Stock {
  /** By item: the id of the pack. */
  readonly packIds: readonly string[];
}

export function numberPacks({ keys, packs, missing }: BucketStock): BucketInventory {
  const packIds = [...packs.keys()];
  const items = new Map(packIds.map((id, item) => [id, item]));
  const groups = Map.groupBy(keys, ({ record, fileName }) =>
    record === undefined ? fileName : entryIdOf(record),
  );
  const entries = [...groups].map(([id, group]) => describeEntry(id, group, items, missing));
  const itemBytes = packIds.map((packId) => packs.get(packId)?.sizeBytes ?? 0);
  return {
    entries,
    packIds,
    itemBytes,
    needs: countNeeds(entries, itemBytes),
    pinnedItems: new Uint32Array(0),
    firstFile: packIds.length,
    mayAllBeNeeded: false,
  };
}

function describeEntry(
  id: string,
  group: readonly StockedKey[],
  items: ReadonlyMap<string, number>,
  missing: ReadonlySet<string>,
): CachedEntry {
  const packs = new Set(group.flatMap(({ record }) => record?.packs.map((pack) => pack.id) ?? []));
  const lost = [...packs].find((pack) => missing.has(pack));
  const reason = group.some(({ record }) => record === undefined)
    ? "its record is damaged"
    : lost === undefined
      ? undefined
      : `its pack ${lost} is missing`;
  const itemList = Uint32Array.from([...packs].flatMap((pack) => items.get(pack) ?? []));
  return {
    id,
    keys: group.map(({ record, fileName }) => record?.key ?? fileName),
    keyFiles: group.map(({ fileName }) => fileName),
    lastUsedMs: Math.max(...group.map(({ lastUsedMs }) => lastUsedMs)),
    ownBytes: group.reduce((sum, { listed }) => sum + listed.sizeBytes, 0),
    listItems: () => itemList,
    pinnedKeys: [],
    condition: reason === undefined ? { kind: "whole" } : { kind: "damaged", reason, editedPaths: [] },
    editedPaths: [],
  };
}
