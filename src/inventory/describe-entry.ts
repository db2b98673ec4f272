import type { Doubts } from "./doubts.ts";
import type { IsPinned } from "./find-pins.ts";
import type { KeyGroup } from "./group-keys.ts";
import type { CachedEntry } from "./inventory.ts";
import type { Needs } from "./needs-finder.ts";

/**
 * Describes an entry by the keys that point to it and what its manifests need. What could not be read becomes a
 * problem.
 */
export function describeEntry(
  id: string,
  { keys, keyFiles, lastUsedMs, keyBytes, manifests }: KeyGroup,
  recordedPaths: ReadonlyMap<string, ReadonlySet<string>>,
  needs: ReadonlyMap<string, Needs>,
  isPinned: IsPinned,
  doubts: Doubts,
): CachedEntry {
  const parts = manifests.flatMap((digest) => needs.get(digest) ?? []);
  const unreadable = parts.find(({ condition }) => condition.kind === "unreadable");
  const damaged = parts.find(({ condition }) => condition.kind === "damaged");
  const { condition } = unreadable ?? damaged ?? { condition: { kind: "whole" } as const };
  if (parts.every(({ isKnown }) => isKnown)) doubts.addEntry(keys, condition);
  else doubts.addUnknownNeeds(keys.join(", "), condition);
  const items = union(parts.map((part) => part.items));
  const editedPaths = manifests.flatMap((digest) => {
    const found = needs.get(digest)?.condition;
    if (found?.kind !== "damaged" || found.editedPaths.length === 0) return [];
    const paths = found.editedPaths;
    return [...(recordedPaths.get(digest) ?? [])].map((recordedPath) => ({ recordedPath, paths }));
  });
  const pinnedKeys = keys.filter((_key, index) => isPinned(keyFiles[index] ?? ""));
  return { id, keys, keyFiles, pinnedKeys, lastUsedMs, ownBytes: keyBytes, items, condition, editedPaths };
}

function union(lists: readonly Uint32Array[]): Uint32Array {
  const [first] = lists;
  if (first !== undefined && lists.length === 1) return first;
  const items = new Set<number>();
  for (const list of lists) for (const item of list) items.add(item);
  return Uint32Array.from(items);
}
