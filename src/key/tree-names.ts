import { findPathOverlap } from "../base/path-overlap.ts";
import type { StoredTree } from "./key-file.ts";

/**
 * What the trees of an entry are called where they are shown, or written, side by side: their recorded paths, and `path-2` for a second
 * one that has none. No name is another one or lies below it.
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
