import type { ByteString } from "../base/byte-string.ts";
import { shortLived } from "../base/short-lived.ts";
import { at, type Manifest } from "./manifest.ts";

const LARGEST_MODE = 0o7777;
const LARGEST_NAME_BYTES = 1024;
const SLASH = 0x2f;
const DOT = 0x2e;
const LEAVES_DIRECTORY = "a name would leave its directory";
const OUT_OF_ORDER = "names of one directory are out of order or double";
/** The kernel takes no longer path; it also bounds how deep a tree can be. */
const LARGEST_PATH_BYTES = 4095;

/**
 * What is wrong with a manifest that came from a cache, or undefined. Everything that restoring relies on is
 * checked here and only here: whoever wrote the cache may be careless or hostile.
 */
export function problemOf(manifest: Manifest): string | undefined {
  return (
    problemOfShape(manifest) ??
    problemOfAttributes(manifest) ??
    problemOfTargets(manifest) ??
    problemOfNames(manifest)
  );
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
    return "its names do not add up";
  }
  if (
    !endsAreSound(manifest.directoryFileEnds, counts.fileCount) ||
    !endsAreSound(manifest.directorySymlinkEnds, counts.symlinkCount)
  ) {
    return "its directories do not add up";
  }
  if (at(manifest.directoryParents, 0) !== 0 || at(manifest.directoryNameEnds, 0) !== 0)
    return "its root is not one";
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

/** Cumulative ends: never falling, the last one exactly `total`. */
function endsAreSound(ends: Uint32Array, total: number): boolean {
  let previous = 0;
  for (let index = 0; index < ends.length; index++) {
    const end = ends[index] ?? 0;
    if (end < previous) return false;
    previous = end;
  }
  return previous === total;
}

// Plain loops: these go over every file of an entry before the first one is restored.

function problemOfAttributes(manifest: Manifest): string | undefined {
  const nanoseconds = [
    manifest.directoryMtimeNanoseconds,
    manifest.fileMtimeNanoseconds,
    manifest.symlinkMtimeNanoseconds,
  ];
  if (nanoseconds.some((column) => largestOf(column) >= 1e9)) return "a modification time is impossible";
  const seconds = [manifest.directoryMtimeSeconds, manifest.fileMtimeSeconds, manifest.symlinkMtimeSeconds];
  if (!seconds.every(isIntegers)) return "a modification time is impossible";
  if (!isIntegers(manifest.fileSizes) || hasNegative(manifest.fileSizes)) return "a file size is impossible";
  if (largestOf(manifest.directoryModes) > LARGEST_MODE || largestOf(manifest.fileModes) > LARGEST_MODE) {
    return "a mode is impossible";
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
  return manifest.symlinkTargets.includes(0) ? "a symlink's target has a NUL" : undefined;
}

function problemOfNames(manifest: Manifest): string | undefined {
  const { counts } = manifest;
  if (counts.isSingleFile) return undefined;
  // Asked of all names at once, because they stand one behind the other.
  const columns = [manifest.directoryNames, manifest.fileNames, manifest.symlinkNames];
  if (columns.some((names) => names.includes(SLASH) || names.includes(0))) return LEAVES_DIRECTORY;

  for (let directory = 1; directory < counts.directoryCount; directory++) {
    if (!isPlainName(manifest.directoryName(directory))) return LEAVES_DIRECTORY;
  }
  return problemOfOrder(manifest) ?? problemOfDoubles(manifest);
}

function isPlainName(name: ByteString): boolean {
  return name !== "" && name !== "." && name !== ".." && name.length <= LARGEST_NAME_BYTES;
}

/** Names of one kind in one directory rise, so that no two are the same. */
function problemOfOrder(manifest: Manifest): string | undefined {
  const { counts } = manifest;
  const lastChild = Array.from({ length: counts.directoryCount }, () => "" as ByteString);
  for (let directory = 0; directory < counts.directoryCount; directory++) {
    if (directory > 0) {
      const parent = at(manifest.directoryParents, directory);
      const name = manifest.directoryName(directory);
      if (name <= (lastChild[parent] ?? "")) return OUT_OF_ORDER;
      lastChild[parent] = name;
    }
    const firstFile = manifest.firstFileOf(directory);
    const endFile = at(manifest.directoryFileEnds, directory);
    const firstSymlink = manifest.firstSymlinkOf(directory);
    const endSymlink = at(manifest.directorySymlinkEnds, directory);
    const problem =
      problemOfColumn(manifest.fileNames, manifest.fileNameEnds, firstFile, endFile) ??
      problemOfColumn(manifest.symlinkNames, manifest.symlinkNameEnds, firstSymlink, endSymlink);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** On the bytes as they stand: a string for each name would cost more than all else that is checked. */
function problemOfColumn(
  names: Uint8Array,
  ends: Uint32Array,
  first: number,
  end: number,
): string | undefined {
  let start = first === 0 ? 0 : (ends[first - 1] ?? 0);
  let previousStart = start;
  for (let index = first; index < end; index++) {
    const nameEnd = ends[index] ?? 0;
    if (!isPlainColumnName(names, start, nameEnd)) return LEAVES_DIRECTORY;
    if (index > first && !rises(names, previousStart, start, nameEnd)) return OUT_OF_ORDER;
    previousStart = start;
    start = nameEnd;
  }
  return undefined;
}

function isPlainColumnName(names: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length === 0 || length > LARGEST_NAME_BYTES) return false;
  return length > 2 || names[start] !== DOT || (length === 2 && names[start + 1] !== DOT);
}

/** Whether the name up to `end` comes after the one before it, which ends where it starts. */
function rises(names: Uint8Array, previousStart: number, start: number, end: number): boolean {
  const shorter = Math.min(start - previousStart, end - start);
  for (let index = 0; index < shorter; index++) {
    const left = names[previousStart + index] ?? 0;
    const right = names[start + index] ?? 0;
    if (left !== right) return left < right;
  }
  return start - previousStart < end - start;
}

/** Names of different kinds in one directory: few have subdirectories or symlinks, so these are looked up. */
function problemOfDoubles(manifest: Manifest): string | undefined {
  const { counts } = manifest;
  const others = new Map<number, Set<ByteString>>();
  for (let directory = 1; directory < counts.directoryCount; directory++) {
    const parent = at(manifest.directoryParents, directory);
    const names = others.get(parent) ?? new Set();
    names.add(manifest.directoryName(directory));
    others.set(parent, names);
  }
  for (let directory = 0; directory < counts.directoryCount; directory++) {
    const names = others.get(directory) ?? new Set();
    for (
      let link = manifest.firstSymlinkOf(directory);
      link < at(manifest.directorySymlinkEnds, directory);
      link++
    ) {
      const name = manifest.symlinkName(link);
      if (names.has(name)) return "a name stands for two things";
      names.add(name);
    }
    if (names.size === 0) continue;
    for (
      let file = manifest.firstFileOf(directory);
      file < at(manifest.directoryFileEnds, directory);
      file++
    ) {
      if (names.has(manifest.fileName(file))) return "a name stands for two things";
    }
  }
  return undefined;
}

shortLived(endsAreSound, isPlainColumnName, largestOf, problemOfColumn, problemOfOrder, rises);
