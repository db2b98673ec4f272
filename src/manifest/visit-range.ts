import { compileLightly } from "../base/compile-lightly.ts";
import type { DirectoryRange, DoneRange } from "./directory-ranges.ts";
import { at, type Manifest } from "./manifest.ts";

/** What a job does in each directory. The methods run once per file: mark them with `compileMethodsLightly`. */
export interface RangeVisitor {
  /**
   * Comes before the leaves, again if an earlier job has done some of them.
   * @param fileCount how many files the directory has
   * @returns false to skip its leaves
   */
  enterDirectory(directory: number, fileCount: number): boolean;
  visitFile(directory: number, file: number): void;
  visitSymlink(directory: number, symlink: number): void;
}

/** Asking before each leaf took 5 % of the time of a restore by links. */
const LEAVES_PER_QUESTION = 16;

/**
 * Visits the directories of a range and their leaves in order, until the visitor has had enough. It always gets
 * something done, however little time there is.
 * @param hasEnough asked now and then, and told whether several directories are left: no two threads add names to one
 */
export function visitRange(
  manifest: Manifest,
  { firstDirectory, firstLeaf, endDirectory, endLeaf }: DirectoryRange,
  visitor: RangeVisitor,
  hasEnough: (isDivisible: boolean) => boolean,
): DoneRange {
  let leaf = firstLeaf;
  let isAnyDone = false;
  for (let directory = firstDirectory; directory < endDirectory; directory++) {
    const isDivisible = directory + 1 < endDirectory;
    if (hasEnough(isDivisible) && isAnyDone) return { nextDirectory: directory, nextLeaf: leaf };
    const firstFile = manifest.firstFileOf(directory);
    const fileCount = at(manifest.directoryFileEnds, directory) - firstFile;
    if (visitor.enterDirectory(directory, fileCount)) {
      const firstSymlink = manifest.firstSymlinkOf(directory);
      let leafCount = fileCount + at(manifest.directorySymlinkEnds, directory) - firstSymlink;
      if (endLeaf !== undefined && !isDivisible) leafCount = Math.min(leafCount, endLeaf);
      for (; leaf < leafCount; leaf++) {
        if (leaf % LEAVES_PER_QUESTION === 0 && hasEnough(isDivisible) && isAnyDone) {
          return { nextDirectory: directory, nextLeaf: leaf };
        }
        if (leaf < fileCount) visitor.visitFile(directory, firstFile + leaf);
        else visitor.visitSymlink(directory, firstSymlink + leaf - fileCount);
        isAnyDone = true;
      }
    }
    leaf = 0;
    isAnyDone = true;
  }
  return { nextDirectory: endDirectory, nextLeaf: 0 };
}

compileLightly(visitRange);
