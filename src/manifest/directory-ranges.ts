import { at, type Manifest } from "./manifest.ts";

/** The cost of a directory in addition to its files, in files. */
const DIRECTORY_WEIGHT = 4;

/** Enough to make its message cheap, little enough for workers to finish together. */
const RANGE_WEIGHT = 1500;

/** The same where many threads wait for a slow volume: messages cost little in comparison. */
const SMALLEST_RANGE_WEIGHT = 16;
const RANGES_PER_THREAD = 4;

interface WorkingThreads {
  readonly parallelism: number;
  /** Whether operations take long there. */
  readonly isVolumeSlow: boolean;
}

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

/** What a job has left of its range, in two halves: it was too much for one thread. */
export function restOfRange({ endDirectory }: DirectoryRange, done: DoneRange): DirectoryRange[] {
  const { nextDirectory: firstDirectory, nextLeaf: firstLeaf } = done;
  const middle = Math.ceil((firstDirectory + endDirectory) / 2);
  return [
    { firstDirectory, firstLeaf, endDirectory: middle },
    { firstDirectory: middle, firstLeaf: 0, endDirectory },
  ].filter((half) => half.firstDirectory < half.endDirectory);
}

/**
 * Divides a manifest's directories into ranges of about equal work, the heaviest first. A directory is never split:
 * two threads that add names to one directory would only wait for each other.
 * @param threads those that will work on them, such as a `Runner`
 */
export function directoryRanges(manifest: Manifest, threads: WorkingThreads): DirectoryRange[] {
  const rangeWeight = weighRange(manifest, threads);
  const ranges: (DirectoryRange & { weight: number })[] = [];
  let firstDirectory = 0;
  let weight = 0;
  const { directoryCount } = manifest.counts;
  for (let directory = 0; directory < directoryCount; directory++) {
    const files = at(manifest.directoryFileEnds, directory) - manifest.firstFileOf(directory);
    const symlinks = at(manifest.directorySymlinkEnds, directory) - manifest.firstSymlinkOf(directory);
    weight += DIRECTORY_WEIGHT + files + symlinks;
    if (weight >= rangeWeight || directory === directoryCount - 1) {
      ranges.push({ firstDirectory, firstLeaf: 0, endDirectory: directory + 1, weight });
      firstDirectory = directory + 1;
      weight = 0;
    }
  }
  return ranges.toSorted((left, right) => right.weight - left.weight);
}

function weighRange({ counts }: Manifest, { parallelism, isVolumeSlow }: WorkingThreads): number {
  if (!isVolumeSlow) return RANGE_WEIGHT;
  const total = counts.fileCount + counts.symlinkCount + counts.directoryCount * DIRECTORY_WEIGHT;
  const share = total / (parallelism * RANGES_PER_THREAD);
  return Math.min(RANGE_WEIGHT, Math.max(SMALLEST_RANGE_WEIGHT, share));
}
