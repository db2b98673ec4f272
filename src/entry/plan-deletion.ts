import type { CacheDirectory } from "../cache/cache-directory.ts";
import { lastUseOfKeyFile } from "../cache/key-files.ts";
import { countReferences } from "../inventory/count-references.ts";
import { NO_GRACE } from "../inventory/find-young.ts";
import type { Stock } from "../inventory/inventory.ts";
import { takeStock } from "../inventory/take-stock.ts";
import { keyFileName } from "../key/key-file.ts";
import { createPause } from "../work/breather.ts";
import type { Runtime } from "../work/runtime.ts";

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

/**
 * Finds the keys to delete, and what that frees. Nothing is changed.
 * @throws BtdtError CACHE_NOT_ACCESSIBLE, CACHE_FORMAT_NEWER, CANCELLED; a `node:fs` error
 */
export async function planDeletion(
  cache: CacheDirectory,
  scope: DeletionScope,
  runtime: Runtime,
): Promise<DeletionPlan> {
  const pause = createPause(runtime.isCancelled);
  const stock = await takeStock(cache, { nowMs: runtime.nowMs(), grace: NO_GRACE, pause });
  for (const warning of stock.warnings) runtime.onWarning(warning);
  const found = findKeys(cache, stock, scope);
  return { ...found, freedBytes: measureFreed(stock, new Set(found.keys)) };
}

function findKeys(
  cache: CacheDirectory,
  stock: Stock,
  scope: DeletionScope,
): Omit<DeletionPlan, "freedBytes"> {
  switch (scope.kind) {
    case "prefix": {
      const hasPrefix = (key: string): boolean => key.startsWith(scope.prefix);
      const all = stock.entries.flatMap(({ keys }) => keys).filter(hasPrefix);
      const pinned = stock.entries.flatMap(({ pinnedKeys }) => pinnedKeys).filter(hasPrefix);
      return { keys: all.filter((key) => !pinned.includes(key)).toSorted(), missing: [], pinned };
    }
    case "named": {
      // Also those that are damaged.
      const exists = (key: string): boolean => lastUseOfKeyFile(cache, keyFileName(key)) !== undefined;
      return {
        keys: scope.keys.filter(exists),
        missing: scope.keys.filter((key) => !exists(key)),
        pinned: [],
      };
    }
  }
}

/** What only these keys need, and their own files. Of an entry that keeps another key, nothing. */
function measureFreed(stock: Stock, keys: ReadonlySet<string>): number {
  const references = countReferences(stock);
  let freedBytes = 0;
  for (const { keys: all, ownBytes, items } of stock.entries) {
    if (!all.every((key) => keys.has(key))) continue;
    freedBytes += ownBytes;
    for (const item of items) {
      const left = (references[item] ?? 1) - 1;
      references[item] = left;
      if (left === 0) freedBytes += stock.itemBytes[item] ?? 0;
    }
  }
  // Contents of packs take fractions of their blocks.
  return Math.round(freedBytes);
}
