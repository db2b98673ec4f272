import type { CacheDirectory } from "../cache/cache-directory.ts";
import type { Condition } from "./condition.ts";
import { Doubts } from "./doubts.ts";
import { findPacks } from "./find-packs.ts";
import { Items } from "./items.ts";
import { NeedsFinder } from "./needs-finder.ts";

/**
 * Whether the trees of an entry could be restored, as far as can be told without reading their contents. The cache is
 * not listed: objects are looked up by name.
 * @throws BtdtError CACHE_FORMAT_NEWER
 */
export function examineManifests(
  cache: CacheDirectory,
  digests: readonly string[],
  onWarning: (warning: string) => void,
): Condition {
  const doubts = new Doubts();
  const readable = findPacks(cache, doubts);
  for (const warning of doubts.warnings) onWarning(warning);
  const finder = new NeedsFinder(cache, new Items(readable.packs), readable, () => undefined);
  for (const digest of digests) {
    const { condition } = finder.find(digest);
    if (condition.kind !== "whole") return condition;
  }
  return { kind: "whole" };
}
