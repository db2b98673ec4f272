import type { Stock } from "./inventory.ts";

/** The number of entries that need each item, plus one for items that must stay for another reason. */
export function countReferences({
  needs,
  pinnedItems,
  mayAllBeNeeded,
}: Pick<Stock, "needs" | "pinnedItems" | "mayAllBeNeeded">): Uint32Array {
  const references = needs.counts.listEntryCounts();
  if (mayAllBeNeeded)
    for (let item = 0; item < references.length; item++) references[item] = (references[item] ?? 0) + 1;
  else for (const item of pinnedItems) references[item] = (references[item] ?? 0) + 1;
  return references;
}
