import type { ByteString } from "../base/byte-string.ts";
import { joinBytes } from "../base/byte-string.ts";
import { joinNames, type NameList, splitNames } from "./name-list.ts";

/** The files of one directory. */
export interface FileGroup {
  /** Relative to the root. */
  readonly directory: ByteString;
  readonly names: NameList;
}

/** What one job reads. A single file is its own root: one group with one empty name. */
export interface FileBatch {
  readonly root: ByteString;
  readonly groups: readonly FileGroup[];
  /** Whether the result should say which files have extended attributes. */
  readonly wantsAttributed?: boolean;
}

/** The files from `start` up to, but not including, `end`. */
export function sliceGroups(groups: readonly FileGroup[], start: number, end: number): FileGroup[] {
  const part: FileGroup[] = [];
  let first = 0;
  for (const { directory, names } of groups) {
    const wanted = splitNames(names).slice(Math.max(0, start - first), Math.max(0, end - first));
    if (wanted.length > 0) part.push({ directory, names: joinNames(wanted) });
    first += names.count;
  }
  return part;
}

/** Relative to the root, in the order of the groups. */
export function listPaths(groups: readonly FileGroup[]): ByteString[] {
  return groups.flatMap(({ directory, names }) =>
    splitNames(names).map((name) => joinBytes(directory, name)),
  );
}

export function countFiles(groups: readonly FileGroup[]): number {
  return groups.reduce((sum, { names }) => sum + names.count, 0);
}
