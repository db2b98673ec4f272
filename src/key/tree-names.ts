import { findPathOverlap } from "../base/path-overlap.ts";
import type { StoredTree } from "./key-record.ts";

/**
 * Names for the trees of an entry, where they are shown or written side by side: their recorded paths, or `path-2`
 * for the second one if it has none. The names do not overlap.
 */
export function treeNames(trees: readonly StoredTree[]): string[] {
  const names = trees.flatMap(({ path }) => (path === undefined ? [] : [path]));
  return trees.map(({ path }, index) => {
    if (path !== undefined) return path;
    let name = `path-${index + 1}`;
    while (findPathOverlap([...names, name]) !== undefined) name += "_";
    names.push(name);
    return name;
  });
}
