import { at, type Manifest } from "./manifest.ts";

/** The cost of a directory in addition to its files, in files. */
const DIRECTORY_WEIGHT = 4;

/** Enough to make its message cheap, little enough for workers to finish together. */
const RANGE_WEIGHT = 1500;

/**
 * The same where many threads wait for a slow volume: messages cost little in comparison, but starting a thread for
 * less costs as much as it saves. What takes long nevertheless is divided when it does.
 */
const SMALLEST_RANGE_WEIGHT = 64;
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
  /** Where the leaves of the last directory that belong to it end; undefined for all of them. */
  readonly endLeaf?: number;
}

/** Where another job goes on, if it is not the end of the range. */
export interface DoneRange {
  readonly nextDirectory: number;
  /** How many leaves of it are done. */
  readonly nextLeaf: number;
}

/** What a job has left of its range, in two halves: it was too much for one thread. */
export function restOfRange({ endDirectory, endLeaf }: DirectoryRange, done: DoneRange): DirectoryRange[] {
  const { nextDirectory: firstDirectory, nextLeaf: firstLeaf } = done;
  if (firstDirectory === endDirectory) return [];
  const end = { endDirectory, ...(endLeaf === undefined ? {} : { endLeaf }) };
  const middle = Math.ceil((firstDirectory + endDirectory) / 2);
  if (middle === endDirectory) return [{ firstDirectory, firstLeaf, ...end }];
  return [
    { firstDirectory, firstLeaf, endDirectory: middle },
    { firstDirectory: middle, firstLeaf: 0, ...end },
  ];
}

/**
 * Divides a manifest's directories into ranges of about equal work, the heaviest first. A directory is never split:
 * two threads that add names to one directory would only wait for each other. For work that adds none, see `cutRanges`.
 * @param threads those that will work on them, such as a `Runner`
 */
export function directoryRanges(manifest: Manifest, threads: WorkingThreads): DirectoryRange[] {
  const rangeWeight = weighRange(manifest, threads);
  const ranges: (DirectoryRange & { weight: number })[] = [];
  let firstDirectory = 0;
  let weight = 0;
  const { directoryCount } = manifest.counts;
  for (let directory = 0; directory < directoryCount; directory++) {
    weight += DIRECTORY_WEIGHT + countLeaves(manifest, directory);
    if (weight >= rangeWeight || directory === directoryCount - 1) {
      ranges.push({ firstDirectory, firstLeaf: 0, endDirectory: directory + 1, weight });
      firstDirectory = directory + 1;
      weight = 0;
    }
  }
  return ranges.toSorted((left, right) => right.weight - left.weight);
}

/** For work that adds no names to the directories: on a slow volume, threads share the leaves of a large one. */
export function cutRanges(
  manifest: Manifest,
  ranges: readonly DirectoryRange[],
  threads: WorkingThreads,
): DirectoryRange[] {
  if (!threads.isVolumeSlow) return [...ranges];
  const mostLeaves = Math.ceil(weighRange(manifest, threads));
  return ranges.flatMap((range) => {
    const last = range.endDirectory - 1;
    const { firstDirectory, firstLeaf, endDirectory } = range;
    const leafCount = countLeaves(manifest, last);
    const parts: DirectoryRange[] = [];
    for (let start = 0; start < leafCount; start += mostLeaves) {
      const first = start === 0 ? { firstDirectory, firstLeaf } : { firstDirectory: last, firstLeaf: start };
      parts.push({ ...first, endDirectory, endLeaf: Math.min(leafCount, start + mostLeaves) });
    }
    return parts.length > 1 ? parts : [range];
  });
}

function countLeaves(manifest: Manifest, directory: number): number {
  const files = at(manifest.directoryFileEnds, directory) - manifest.firstFileOf(directory);
  return files + at(manifest.directorySymlinkEnds, directory) - manifest.firstSymlinkOf(directory);
}

function weighRange({ counts }: Manifest, threads: WorkingThreads): number {
  // First, because finding out how many threads there can be takes a while.
  if (!threads.isVolumeSlow) return RANGE_WEIGHT;
  const total = counts.fileCount + counts.symlinkCount + counts.directoryCount * DIRECTORY_WEIGHT;
  const share = total / (threads.parallelism * RANGES_PER_THREAD);
  return Math.min(RANGE_WEIGHT, Math.max(SMALLEST_RANGE_WEIGHT, share));
}
