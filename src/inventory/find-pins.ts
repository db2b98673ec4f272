import type { CacheDirectory } from "../cache/cache-directory.ts";
import { listPins } from "../cache/pins.ts";
import type { Doubts } from "./doubts.ts";
import { listTwice } from "./list-twice.ts";

/** Whether the key with this file is pinned. */
export type IsPinned = (keyFile: string) => boolean;

/**
 * Call it after the keys were read: a store pins a key before it publishes it. If pins cannot be read, every key may be
 * pinned.
 */
export function findPins(cache: CacheDirectory, doubts: Doubts): IsPinned {
  const listed = doubts.attempt("the pins", () => listTwice(() => listPins(cache)));
  if (listed === undefined) return () => true;
  const pins = new Set(listed);
  return (keyFile) => pins.has(keyFile);
}
