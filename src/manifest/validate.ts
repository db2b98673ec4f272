import { compileLightly } from "../base/compile-lightly.ts";
import { at, type Manifest } from "./manifest.ts";
import { problemOfLinks } from "./validate-links.ts";
import { problemOfNames } from "./validate-names.ts";

const LARGEST_MODE = 0o7777;
/** The kernel accepts no longer path; this also limits the depth of trees. */
const LARGEST_PATH_BYTES = 4095;

/**
 * What is wrong with a manifest from a cache, or undefined. Everything that a restore relies on is checked here, and
 * only here: the writer of the cache may be careless or hostile.
 * @param sound one with nothing wrong: what is the same in both is not checked again
 */
export function problemOf(manifest: Manifest, sound?: Manifest): string | undefined {
  const isNamedAlike = sound !== undefined && haveSameNames(manifest, sound);
  return (
    (isNamedAlike ? undefined : problemOfShape(manifest)) ??
    problemOfAttributes(manifest) ??
    (isNamedAlike ? undefined : problemOfTargets(manifest)) ??
    problemOfLinks(manifest) ??
    (isNamedAlike ? undefined : problemOfNames(manifest))
  );
}

/** Whether two manifests have the same files in the same places, whatever these contain. */
function haveSameNames(left: Manifest, right: Manifest): boolean {
  if (JSON.stringify(left.counts) !== JSON.stringify(right.counts)) return false;
  const others = columnsOfNames(right);
  return columnsOfNames(left).every((column, index) => {
    const other = others[index];
    return other !== undefined && Buffer.compare(bytesOf(column), bytesOf(other)) === 0;
  });
}

/** All that `problemOfShape`, `problemOfTargets` and `problemOfNames` look at. */
function columnsOfNames(manifest: Manifest): readonly (Uint8Array | Uint32Array)[] {
  return [
    manifest.directoryParents,
    manifest.directoryNameEnds,
    manifest.directoryFileEnds,
    manifest.directorySymlinkEnds,
    manifest.fileNameEnds,
    manifest.symlinkNameEnds,
    manifest.symlinkTargetEnds,
    manifest.directoryNames,
    manifest.fileNames,
    manifest.symlinkNames,
    manifest.symlinkTargets,
  ];
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint8Array | Uint32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function problemOfShape(manifest: Manifest): string | undefined {
  const { counts } = manifest;
  if (counts.directoryCount === 0) return "it has no root directory";
  if (
    !endsAreSound(manifest.directoryNameEnds, counts.directoryNameBytes) ||
    !endsAreSound(manifest.fileNameEnds, counts.fileNameBytes) ||
    !endsAreSound(manifest.symlinkNameEnds, counts.symlinkNameBytes) ||
    !endsAreSound(manifest.symlinkTargetEnds, counts.symlinkTargetBytes)
  ) {
    return "its names are inconsistent";
  }
  if (
    !endsAreSound(manifest.directoryFileEnds, counts.fileCount) ||
    !endsAreSound(manifest.directorySymlinkEnds, counts.symlinkCount)
  ) {
    return "its directories are inconsistent";
  }
  if (at(manifest.directoryParents, 0) !== 0 || at(manifest.directoryNameEnds, 0) !== 0)
    return "its root is invalid";
  const pathBytes = new Uint32Array(counts.directoryCount);
  for (let directory = 1; directory < counts.directoryCount; directory++) {
    const parent = at(manifest.directoryParents, directory);
    if (parent >= directory) return "a directory comes before its parent";
    const nameBytes =
      at(manifest.directoryNameEnds, directory) - at(manifest.directoryNameEnds, directory - 1);
    pathBytes[directory] = at(pathBytes, parent) + 1 + nameBytes;
    if (at(pathBytes, directory) > LARGEST_PATH_BYTES) return "a path is too long";
  }
  if (
    counts.isSingleFile &&
    (counts.directoryCount !== 1 ||
      counts.fileCount !== 1 ||
      counts.symlinkCount !== 0 ||
      counts.fileNameBytes !== 0)
  ) {
    return "it is neither one file nor a tree";
  }
  return undefined;
}

/** Cumulative ends: never decreasing, and the last one is exactly `total`. */
function endsAreSound(ends: Uint32Array, total: number): boolean {
  let previous = 0;
  for (let index = 0; index < ends.length; index++) {
    const end = ends[index] ?? 0;
    if (end < previous) return false;
    previous = end;
  }
  return previous === total;
}

// Plain loops: they visit every file of an entry before the first one is restored.

function problemOfAttributes(manifest: Manifest): string | undefined {
  const nanoseconds = [
    manifest.directoryMtimeNanoseconds,
    manifest.fileMtimeNanoseconds,
    manifest.symlinkMtimeNanoseconds,
  ];
  if (nanoseconds.some((column) => largestOf(column) >= 1e9)) return "a modification time is out of range";
  const seconds = [manifest.directoryMtimeSeconds, manifest.fileMtimeSeconds, manifest.symlinkMtimeSeconds];
  if (!seconds.every(isIntegers)) return "a modification time is out of range";
  if (!isIntegers(manifest.fileSizes) || hasNegative(manifest.fileSizes))
    return "a file size is out of range";
  if (largestOf(manifest.directoryModes) > LARGEST_MODE || largestOf(manifest.fileModes) > LARGEST_MODE) {
    return "a mode is out of range";
  }
  return undefined;
}

function largestOf(column: Uint32Array | Uint16Array): number {
  let largest = 0;
  for (let index = 0; index < column.length; index++) {
    const value = column[index] ?? 0;
    if (value > largest) largest = value;
  }
  return largest;
}

function isIntegers(column: Float64Array): boolean {
  for (let index = 0; index < column.length; index++) {
    if (!Number.isSafeInteger(column[index])) return false;
  }
  return true;
}

function hasNegative(column: Float64Array): boolean {
  for (let index = 0; index < column.length; index++) {
    if ((column[index] ?? 0) < 0) return true;
  }
  return false;
}

function problemOfTargets(manifest: Manifest): string | undefined {
  let start = 0;
  for (const end of manifest.symlinkTargetEnds) {
    if (end === start) return "a symlink has no target";
    start = end;
  }
  return manifest.symlinkTargets.includes(0) ? "a symlink's target contains a NUL byte" : undefined;
}

compileLightly(endsAreSound, isIntegers, largestOf);
