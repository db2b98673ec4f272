import { compileLightly } from "../base/compile-lightly.ts";
import { at, type Manifest } from "./manifest.ts";

const LARGEST_NAME_BYTES = 1024;
const SLASH = 0x2f;
const DOT = 0x2e;
const LEAVES_DIRECTORY = "a name escapes its directory";
const OUT_OF_ORDER = "names in a directory are out of order or duplicated";
const DOUBLE = "a name is used for two things";

/** What is wrong with the names of a manifest with consistent columns. */
export function problemOfNames(manifest: Manifest): string | undefined {
  const { counts } = manifest;
  if (counts.isSingleFile) return undefined;
  // Checked for all names at once, because they are consecutive.
  const columns = [manifest.directoryNames, manifest.fileNames, manifest.symlinkNames];
  if (columns.some((names) => names.includes(SLASH) || names.includes(0))) return LEAVES_DIRECTORY;
  return problemOfOrder(manifest) ?? problemOfDoubles(manifest);
}

/** Names of one kind in one directory ascend, so no two are equal. */
function problemOfOrder(manifest: Manifest): string | undefined {
  const { directoryCount } = manifest.counts;
  const directories = column(manifest.directoryNames, manifest.directoryNameEnds);
  const files = column(manifest.fileNames, manifest.fileNameEnds);
  const symlinks = column(manifest.symlinkNames, manifest.symlinkNameEnds);
  const lastChild = new Uint32Array(directoryCount);
  for (let directory = 0; directory < directoryCount; directory++) {
    if (directory > 0) {
      if (!isPlain(directories, directory)) return LEAVES_DIRECTORY;
      const parent = at(manifest.directoryParents, directory);
      const before = at(lastChild, parent);
      if (before > 0 && compareNames(directories, before, directories, directory) >= 0) return OUT_OF_ORDER;
      lastChild[parent] = directory;
    }
    const problem =
      problemOfRun(files, manifest.firstFileOf(directory), at(manifest.directoryFileEnds, directory)) ??
      problemOfRun(
        symlinks,
        manifest.firstSymlinkOf(directory),
        at(manifest.directorySymlinkEnds, directory),
      );
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Consecutive names, without creating strings, which would cost more than everything else that is checked. */
interface NameColumn {
  readonly names: Uint8Array;
  readonly ends: Uint32Array;
}

function column(names: Uint8Array, ends: Uint32Array): NameColumn {
  return { names, ends };
}

function startOf({ ends }: NameColumn, index: number): number {
  return index === 0 ? 0 : (ends[index - 1] ?? 0);
}

function problemOfRun(names: NameColumn, first: number, end: number): string | undefined {
  for (let index = first; index < end; index++) {
    if (!isPlain(names, index)) return LEAVES_DIRECTORY;
    if (index > first && compareNames(names, index - 1, names, index) >= 0) return OUT_OF_ORDER;
  }
  return undefined;
}

function isPlain(column: NameColumn, index: number): boolean {
  const { names } = column;
  const start = startOf(column, index);
  const length = (column.ends[index] ?? 0) - start;
  if (length === 0 || length > LARGEST_NAME_BYTES) return false;
  return length > 2 || names[start] !== DOT || (length === 2 && names[start + 1] !== DOT);
}

/** Negative if the left name comes first, by its bytes; zero if they are equal. */
function compareNames(left: NameColumn, leftIndex: number, right: NameColumn, rightIndex: number): number {
  const leftStart = startOf(left, leftIndex);
  const rightStart = startOf(right, rightIndex);
  const leftBytes = (left.ends[leftIndex] ?? 0) - leftStart;
  const rightBytes = (right.ends[rightIndex] ?? 0) - rightStart;
  const shorter = Math.min(leftBytes, rightBytes);
  for (let byte = 0; byte < shorter; byte++) {
    const difference = (left.names[leftStart + byte] ?? 0) - (right.names[rightStart + byte] ?? 0);
    if (difference !== 0) return difference;
  }
  return leftBytes - rightBytes;
}

/** Names of different kinds in one directory. Those of one kind are known to ascend. */
function problemOfDoubles(manifest: Manifest): string | undefined {
  const { directoryCount } = manifest.counts;
  const directories = column(manifest.directoryNames, manifest.directoryNameEnds);
  const files = column(manifest.fileNames, manifest.fileNameEnds);
  const symlinks = column(manifest.symlinkNames, manifest.symlinkNameEnds);
  for (let directory = 0; directory < directoryCount; directory++) {
    const firstSymlink = manifest.firstSymlinkOf(directory);
    const endSymlink = at(manifest.directorySymlinkEnds, directory);
    const firstFile = manifest.firstFileOf(directory);
    const endFile = at(manifest.directoryFileEnds, directory);
    for (let link = firstSymlink; link < endSymlink; link++) {
      if (isAmong(symlinks, link, files, firstFile, endFile)) return DOUBLE;
    }
    if (directory === 0) continue;
    const parent = at(manifest.directoryParents, directory);
    const isDouble =
      isAmong(
        directories,
        directory,
        files,
        manifest.firstFileOf(parent),
        at(manifest.directoryFileEnds, parent),
      ) ||
      isAmong(
        directories,
        directory,
        symlinks,
        manifest.firstSymlinkOf(parent),
        at(manifest.directorySymlinkEnds, parent),
      );
    if (isDouble) return DOUBLE;
  }
  return undefined;
}

/** Whether a name is among an ascending run of others. */
function isAmong(names: NameColumn, index: number, others: NameColumn, first: number, end: number): boolean {
  let low = first;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const order = compareNames(others, middle, names, index);
    if (order === 0) return true;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return false;
}

compileLightly(compareNames, isAmong, isPlain, problemOfDoubles, problemOfOrder, problemOfRun, startOf);
