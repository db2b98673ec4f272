import { filesOfEntry, type InspectedEntry, type InspectedFile } from "./inspect-entry.ts";

export interface EntryDifference {
  readonly change: "added" | "removed" | "changed";
  readonly path: string;
}

/**
 * How the second entry differs from the first, by path. Times are ignored. If one of them has several trees, paths
 * start with the names of their trees; otherwise, where the trees were stored from is ignored.
 */
export function compareEntries(before: InspectedEntry, after: InspectedEntry): EntryDifference[] {
  const belowNames = before.trees.length > 1 || after.trees.length > 1;
  const old = new Map(filesOfEntry(before, belowNames).map((file) => [file.path, file]));
  const differences: EntryDifference[] = [];
  for (const file of filesOfEntry(after, belowNames)) {
    const previous = old.get(file.path);
    old.delete(file.path);
    if (previous === undefined) differences.push({ change: "added", path: file.path });
    else if (!isSame(previous, file)) differences.push({ change: "changed", path: file.path });
  }
  for (const path of old.keys()) differences.push({ change: "removed", path });
  return differences.toSorted((left, right) => (left.path < right.path ? -1 : 1));
}

function isSame(left: InspectedFile, right: InspectedFile): boolean {
  return (
    left.kind === right.kind &&
    left.mode === right.mode &&
    left.digest === right.digest &&
    left.target === right.target
  );
}
