import type { Stock } from "./inventory.ts";

/** The number of entries that need each item, plus one for items that must stay for another reason. */
export function countReferences({ entries, itemBytes, pinnedItems, mayAllBeNeeded }: Stock): Uint32Array {
  const references = new Uint32Array(itemBytes.length);
  if (mayAllBeNeeded) references.fill(1);
  else for (const item of pinnedItems) references[item] = 1;
  for (const { items } of entries) {
    for (const item of items) references[item] = (references[item] ?? 0) + 1;
  }
  return references;
}
