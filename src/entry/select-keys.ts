import type { ListedKey } from "./list-entries.ts";

export const KEY_ORDERS = ["used", "stored", "size", "key"] as const;

/** Latest or largest first; `key` is alphabetical. */
type KeyOrder = (typeof KEY_ORDERS)[number];

export interface KeySelection {
  /** Only keys that start with it. */
  readonly prefix: string;
  /** Only keys that were last used longer ago. */
  readonly olderThanMs: number | undefined;
  /** Only keys that can no longer be restored. */
  readonly isDamaged: boolean;
  readonly order: KeyOrder;
  /** At most this many, the first in the order. */
  readonly limit: number | undefined;
}

/** @param nowMs what ages are measured from */
export function selectKeys(keys: readonly ListedKey[], selection: KeySelection, nowMs: number): ListedKey[] {
  const { prefix, olderThanMs = Number.NEGATIVE_INFINITY, isDamaged, order, limit } = selection;
  return keys
    .filter(({ key }) => key.startsWith(prefix))
    .filter(({ lastUsedMs }) => nowMs - lastUsedMs > olderThanMs)
    .filter(({ findings }) => !isDamaged || findings?.damage !== undefined)
    .toSorted((left, right) => compare(left, right, order) || (left.key < right.key ? -1 : 1))
    .slice(0, limit);
}

function compare(left: ListedKey, right: ListedKey, order: KeyOrder): number {
  switch (order) {
    case "used":
      return right.lastUsedMs - left.lastUsedMs;
    case "stored":
      return Date.parse(right.storedAt) - Date.parse(left.storedAt);
    case "size":
      return (right.findings?.sizeBytes ?? 0) - (left.findings?.sizeBytes ?? 0);
    case "key":
      return 0;
  }
}
