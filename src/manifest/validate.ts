import type { ByteString } from "../base/byte-string.ts";
import { at, type Manifest } from "./manifest.ts";

const LARGEST_MODE = 0o7777;
const LARGEST_NAME_BYTES = 1024;

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
  for (let directory = 1; directory < counts.directoryCount; directory++) {
    if (at(manifest.directoryParents, directory) >= directory) return "a directory comes before its parent";
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
  for (const end of ends) {
    if (end < previous) return false;
    previous = end;
  }
  return previous === total;
}

function problemOfAttributes(manifest: Manifest): string | undefined {
  const nanoseconds = [
    manifest.directoryMtimeNanoseconds,
    manifest.fileMtimeNanoseconds,
    manifest.symlinkMtimeNanoseconds,
  ];
  if (nanoseconds.some((column) => column.some((value) => value >= 1e9)))
    return "a modification time is impossible";
  const seconds = [manifest.directoryMtimeSeconds, manifest.fileMtimeSeconds, manifest.symlinkMtimeSeconds];
  if (seconds.some((column) => column.some((value) => !Number.isSafeInteger(value))))
    return "a modification time is impossible";
  if (manifest.fileSizes.some((size) => !Number.isSafeInteger(size) || size < 0))
    return "a file size is impossible";
  const modes = [manifest.directoryModes, manifest.fileModes];
  if (modes.some((column) => column.some((mode) => mode > LARGEST_MODE))) return "a mode is impossible";
  return undefined;
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
  const children = new Map<number, ByteString[]>();
  for (let directory = 1; directory < counts.directoryCount; directory++) {
    const parent = at(manifest.directoryParents, directory);
    const names = children.get(parent) ?? [];
    names.push(manifest.directoryName(directory));
    children.set(parent, names);
  }
  for (let directory = 0; directory < counts.directoryCount; directory++) {
    const files: ByteString[] = [];
    for (
      let file = manifest.firstFileOf(directory);
      file < at(manifest.directoryFileEnds, directory);
      file++
    ) {
      files.push(manifest.fileName(file));
    }
    const symlinks: ByteString[] = [];
    for (
      let link = manifest.firstSymlinkOf(directory);
      link < at(manifest.directorySymlinkEnds, directory);
      link++
    ) {
      symlinks.push(manifest.symlinkName(link));
    }
    const problem = problemOfSiblings([files, symlinks, children.get(directory) ?? []]);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function problemOfSiblings(groups: readonly ByteString[][]): string | undefined {
  for (const names of groups) {
    let previous = "";
    for (const name of names) {
      // "" sorts before every name, so an empty one fails here as well.
      if (name <= previous) return "names of one directory are out of order or double";
      if (name === "." || name === ".." || name.includes("/") || name.includes("\0"))
        return "a name would leave its directory";
      if (name.length > LARGEST_NAME_BYTES) return "a name is too long";
      previous = name;
    }
  }
  const [largest, ...others] = groups.toSorted((left, right) => right.length - left.length);
  if (largest === undefined || others.every((names) => names.length === 0)) return undefined;
  const seen = new Set<ByteString>(others[0]);
  const isDouble = (name: ByteString): boolean => seen.has(name);
  if (others[1]?.some(isDouble)) return "a name stands for two things";
  for (const name of others[1] ?? []) seen.add(name);
  return largest.some(isDouble) ? "a name stands for two things" : undefined;
}
