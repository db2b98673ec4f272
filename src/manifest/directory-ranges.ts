import { at, type Manifest } from "./manifest.ts";

/** The cost of a directory in addition to its files, in files. */
const DIRECTORY_WEIGHT = 4;

/** Enough to make its message cheap, little enough for workers to finish together. */
const RANGE_WEIGHT = 1500;

export interface DirectoryRange {
  readonly firstDirectory: number;
  readonly endDirectory: number;
}

/** What a job has done of its range. */
export interface DoneRange {
  /** Where another job goes on, if it is not the end of the range. */
  readonly nextDirectory: number;
}

/** What a job has left of its range; undefined if nothing. */
export function restOfRange({ endDirectory }: DirectoryRange, done: DoneRange): DirectoryRange | undefined {
  const firstDirectory = done.nextDirectory;
  return firstDirectory < endDirectory ? { firstDirectory, endDirectory } : undefined;
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
      ranges.push({ firstDirectory, endDirectory: directory + 1, weight });
      firstDirectory = directory + 1;
      weight = 0;
    }
  }
  return ranges.toSorted((left, right) => right.weight - left.weight);
}
