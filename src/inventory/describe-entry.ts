import type { Doubts } from "./doubts.ts";
import type { IsPinned } from "./find-pins.ts";
import type { KeyGroup } from "./group-keys.ts";
import type { CachedEntry } from "./inventory.ts";
import type { KnownNeeds } from "./known-needs.ts";
import type { Needs } from "./needs.ts";

export interface ManifestNeeds extends Needs {
  readonly digest: string;
}

/**
 * Describes an entry by the keys that point to it and what its manifests need. What could not be read becomes a
 * problem.
 */
export function describeEntry(
  id: string,
  { keys, keyFiles, lastUsedMs, keyBytes, manifests }: KeyGroup,
  parts: readonly ManifestNeeds[],
  recordedPaths: ReadonlyMap<string, ReadonlySet<string>>,
  isPinned: IsPinned,
  doubts: Doubts,
  known: Pick<KnownNeeds, "list">,
): CachedEntry {
  const unreadable = parts.find(({ condition }) => condition.kind === "unreadable");
  const damaged = parts.find(({ condition }) => condition.kind === "damaged");
  const { condition } = unreadable ?? damaged ?? { condition: { kind: "whole" } as const };
  if (parts.every(({ isKnown }) => isKnown)) doubts.addEntry(keys, condition);
  else doubts.addUnknownNeeds(keys.join(", "), condition);
  const editedPaths = parts.flatMap(({ digest, condition: found }) => {
    if (found.kind !== "damaged" || found.editedPaths.length === 0) return [];
    const paths = found.editedPaths;
    return [...(recordedPaths.get(digest) ?? [])].map((recordedPath) => ({ recordedPath, paths }));
  });
  const pinnedKeys = keys.filter((_key, index) => isPinned(keyFiles[index] ?? ""));
  const listItems = () => known.list(manifests);
  return {
    id,
    keys,
    keyFiles,
    pinnedKeys,
    lastUsedMs,
    ownBytes: keyBytes,
    listItems,
    condition,
    editedPaths,
  };
}
