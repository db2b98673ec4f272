import { countReferences } from "../inventory/count-references.ts";
import type { Stock } from "../inventory/inventory.ts";

/** Which keys to delete. */
export type DeletionScope =
  | { readonly kind: "named"; readonly keys: readonly string[] }
  /** All keys that start with the prefix, which may be empty, unless they are pinned. */
  | { readonly kind: "prefix"; readonly prefix: string };

export interface DeletionPlan {
  readonly keys: readonly string[];
  /** Named keys that do not exist. */
  readonly missing: readonly string[];
  /** Keys with the prefix that stay because they are pinned. */
  readonly pinned: readonly string[];
  /** What the next clean frees once they are deleted, apart from what is garbage already. */
  readonly freedBytes: number;
}

/** Finds the keys to delete in what a cache contains. @param exists also of keys that are damaged */
export function chooseDeletion(
  stock: Stock,
  scope: DeletionScope,
  exists: (key: string) => boolean,
): DeletionPlan {
  const found = findKeys(stock, scope, exists);
  return { ...found, freedBytes: measureFreed(stock, new Set(found.keys)) };
}

function findKeys(
  stock: Stock,
  scope: DeletionScope,
  exists: (key: string) => boolean,
): Omit<DeletionPlan, "freedBytes"> {
  switch (scope.kind) {
    case "prefix": {
      const hasPrefix = (key: string): boolean => key.startsWith(scope.prefix);
      const all = stock.entries.flatMap(({ keys }) => keys).filter(hasPrefix);
      const pinned = stock.entries.flatMap(({ pinnedKeys }) => pinnedKeys).filter(hasPrefix);
      return { keys: all.filter((key) => !pinned.includes(key)).toSorted(), missing: [], pinned };
    }
    case "named":
      return {
        keys: scope.keys.filter(exists),
        missing: scope.keys.filter((key) => !exists(key)),
        pinned: [],
      };
  }
}

/** What only these keys need, and their own files. Of an entry that keeps another key, nothing. */
function measureFreed(stock: Stock, keys: ReadonlySet<string>): number {
  const references = countReferences(stock);
  let freedBytes = 0;
  for (const { keys: all, ownBytes, listItems } of stock.entries) {
    if (!all.every((key) => keys.has(key))) continue;
    freedBytes += ownBytes;
    for (const item of listItems() ?? []) {
      const left = (references[item] ?? 1) - 1;
      references[item] = left;
      if (left === 0) freedBytes += stock.itemBytes[item] ?? 0;
    }
  }
  // Contents of packs take fractions of their blocks.
  return Math.round(freedBytes);
}
