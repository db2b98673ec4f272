import { at, type Manifest } from "./manifest.ts";

/** The cost of a directory in addition to its files, in files. */
const DIRECTORY_WEIGHT = 4;

/** Enough to make its message cheap, little enough for workers to finish together. */
const RANGE_WEIGHT = 1500;

/** Some of a manifest's directories. A directory's leaves are its files, then its symlinks. */
export interface DirectoryRange {
  readonly firstDirectory: number;
  /** How many leaves of the first directory are already done. */
  readonly firstLeaf: number;
  readonly endDirectory: number;
}

/** Where another job goes on, if it is not the end of the range. */
export interface DoneRange {
  readonly nextDirectory: number;
  /** How many leaves of it are done. */
  readonly nextLeaf: number;
}

/** What a job has left of its range; undefined if nothing. */
export function restOfRange({ endDirectory }: DirectoryRange, done: DoneRange): DirectoryRange | undefined {
  const { nextDirectory: firstDirectory, nextLeaf: firstLeaf } = done;
  return firstDirectory < endDirectory ? { firstDirectory, firstLeaf, endDirectory } : undefined;
}

/**
 * Divides a manifest's directories into ranges of about equal work, the heaviest first. A directory is never split:
 * two threads that add names to one directory would only wait for each other.
 */
export function directoryRanges(manifest: Manifest): DirectoryRange[] {
  const ranges: (DirectoryRange & { weight: number })[] = [];
  let firstDirectory = 0;
  let weight = 0;
  const { directoryCount } = manifest.counts;
  for (let directory = 0; directory < directoryCount; directory++) {
    const files = at(manifest.directoryFileEnds, directory) - manifest.firstFileOf(directory);
    const symlinks = at(manifest.directorySymlinkEnds, directory) - manifest.firstSymlinkOf(directory);
    weight += DIRECTORY_WEIGHT + files + symlinks;
    if (weight >= RANGE_WEIGHT || directory === directoryCount - 1) {
      ranges.push({ firstDirectory, firstLeaf: 0, endDirectory: directory + 1, weight });
      firstDirectory = directory + 1;
      weight = 0;
    }
  }
  return ranges.toSorted((left, right) => right.weight - left.weight);
}
