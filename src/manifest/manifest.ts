import { type ByteString, bytesFromBuffer } from "../base/byte-string.ts";
import { compileLightly, compileMethodsLightly } from "../base/compile-lightly.ts";
import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import { HEADER_SIZE_BYTES, layoutOf, type ManifestCounts, type ManifestLayout } from "./layout.ts";

/**
 * The immutable list of the files of a tree, as columns over one block of memory: a million files need no objects,
 * and threads share it without a copy. `docs/format.md` has the layout.
 *
 * Directory 0 is the root, and parents precede their children. Files and symlinks are grouped by directory, in the
 * order of the directories, and sorted by name bytes within each. The manifest of a single file has a placeholder
 * root and one file with an empty name.
 */
export class Manifest {
  readonly counts: ManifestCounts;
  /** The whole payload, including the header. */
  readonly payload: Uint8Array;

  readonly directoryMtimeSeconds: Float64Array;
  readonly directoryMtimeNanoseconds: Uint32Array;
  readonly directoryModes: Uint16Array;
  readonly directoryParents: Uint32Array;
  readonly directoryNameEnds: Uint32Array;
  /** The end of each directory's files, which start where those of the previous directory end. */
  readonly directoryFileEnds: Uint32Array;
  readonly directorySymlinkEnds: Uint32Array;
  readonly directoryNames: Uint8Array;

  readonly fileSizes: Float64Array;
  readonly fileMtimeSeconds: Float64Array;
  readonly fileMtimeNanoseconds: Uint32Array;
  readonly fileModes: Uint16Array;
  readonly fileNameEnds: Uint32Array;
  /** 32 bytes per file. */
  readonly fileDigests: Buffer;
  readonly fileNames: Buffer;

  readonly symlinkMtimeSeconds: Float64Array;
  readonly symlinkMtimeNanoseconds: Uint32Array;
  readonly symlinkNameEnds: Uint32Array;
  readonly symlinkTargetEnds: Uint32Array;
  readonly symlinkNames: Uint8Array;
  readonly symlinkTargets: Uint8Array;

  /** The files that are further names (hard links) of an earlier file, ascending. */
  readonly linkFiles: Uint32Array;
  /** For each of them, the file whose inode it shares: the first one with that inode. */
  readonly linkTargets: Uint32Array;

  /** A view of a payload, with `counts` from its header; `buffer` must have the size of the layout. */
  constructor(buffer: ArrayBufferLike, counts: ManifestCounts) {
    const layout: ManifestLayout = layoutOf(counts);
    const { directoryCount: directories, fileCount: files, symlinkCount: symlinks } = counts;
    this.counts = counts;
    this.payload = new Uint8Array(buffer, 0, layout.sizeBytes);
    this.directoryMtimeSeconds = new Float64Array(buffer, layout.directoryMtimeSeconds, directories);
    this.fileSizes = new Float64Array(buffer, layout.fileSizes, files);
    this.fileMtimeSeconds = new Float64Array(buffer, layout.fileMtimeSeconds, files);
    this.symlinkMtimeSeconds = new Float64Array(buffer, layout.symlinkMtimeSeconds, symlinks);
    this.directoryMtimeNanoseconds = new Uint32Array(buffer, layout.directoryMtimeNanoseconds, directories);
    this.directoryParents = new Uint32Array(buffer, layout.directoryParents, directories);
    this.directoryNameEnds = new Uint32Array(buffer, layout.directoryNameEnds, directories);
    this.directoryFileEnds = new Uint32Array(buffer, layout.directoryFileEnds, directories);
    this.directorySymlinkEnds = new Uint32Array(buffer, layout.directorySymlinkEnds, directories);
    this.fileMtimeNanoseconds = new Uint32Array(buffer, layout.fileMtimeNanoseconds, files);
    this.fileNameEnds = new Uint32Array(buffer, layout.fileNameEnds, files);
    this.symlinkMtimeNanoseconds = new Uint32Array(buffer, layout.symlinkMtimeNanoseconds, symlinks);
    this.symlinkNameEnds = new Uint32Array(buffer, layout.symlinkNameEnds, symlinks);
    this.symlinkTargetEnds = new Uint32Array(buffer, layout.symlinkTargetEnds, symlinks);
    this.linkFiles = new Uint32Array(buffer, layout.linkFiles, counts.linkCount);
    this.linkTargets = new Uint32Array(buffer, layout.linkTargets, counts.linkCount);
    this.directoryModes = new Uint16Array(buffer, layout.directoryModes, directories);
    this.fileModes = new Uint16Array(buffer, layout.fileModes, files);
    this.fileDigests = Buffer.from(buffer, layout.fileDigests, DIGEST_SIZE_BYTES * files);
    this.directoryNames = new Uint8Array(buffer, layout.directoryNames, counts.directoryNameBytes);
    this.fileNames = Buffer.from(buffer, layout.fileNames, counts.fileNameBytes);
    this.symlinkNames = new Uint8Array(buffer, layout.symlinkNames, counts.symlinkNameBytes);
    this.symlinkTargets = new Uint8Array(buffer, layout.symlinkTargets, counts.symlinkTargetBytes);
  }

  /** Zeroed columns to fill in, in memory that threads can share. */
  static allocate(counts: ManifestCounts): Manifest {
    const buffer = new SharedArrayBuffer(layoutOf(counts).sizeBytes);
    const header = new Uint32Array(buffer, 0, HEADER_SIZE_BYTES / 4);
    header.set([
      counts.isSingleFile ? 1 : 0,
      counts.directoryCount,
      counts.fileCount,
      counts.symlinkCount,
      counts.directoryNameBytes,
      counts.fileNameBytes,
      counts.symlinkNameBytes,
      counts.symlinkTargetBytes,
      counts.linkCount,
      counts.usesExclusiveObjects ? 1 : 0,
    ]);
    return new Manifest(buffer, counts);
  }

  firstFileOf(directory: number): number {
    return directory === 0 ? 0 : at(this.directoryFileEnds, directory - 1);
  }

  firstSymlinkOf(directory: number): number {
    return directory === 0 ? 0 : at(this.directorySymlinkEnds, directory - 1);
  }

  // Each column of names is decoded once, as a whole: substrings of one long string cost far less than separate
  // strings.
  #directoryNameText: ByteString | undefined;
  #fileNameText: ByteString | undefined;
  #symlinkNameText: ByteString | undefined;
  #symlinkTargetText: ByteString | undefined;

  directoryName(directory: number): ByteString {
    this.#directoryNameText ??= bytesFromBuffer(this.directoryNames);
    return nameAt(this.#directoryNameText, this.directoryNameEnds, directory);
  }

  fileName(file: number): ByteString {
    this.#fileNameText ??= bytesFromBuffer(this.fileNames);
    return nameAt(this.#fileNameText, this.fileNameEnds, file);
  }

  /** Appends the result of `fileName` without creating a string: for loops over many files. */
  appendFileName(path: PathBuffer, file: number): void {
    const start = file === 0 ? 0 : at(this.fileNameEnds, file - 1);
    path.appendBytes(this.fileNames, start, at(this.fileNameEnds, file));
  }

  symlinkName(symlink: number): ByteString {
    this.#symlinkNameText ??= bytesFromBuffer(this.symlinkNames);
    return nameAt(this.#symlinkNameText, this.symlinkNameEnds, symlink);
  }

  symlinkTarget(symlink: number): ByteString {
    this.#symlinkTargetText ??= bytesFromBuffer(this.symlinkTargets);
    return nameAt(this.#symlinkTargetText, this.symlinkTargetEnds, symlink);
  }

  digestHex(file: number): string {
    return this.fileDigests.toString("hex", DIGEST_SIZE_BYTES * file, DIGEST_SIZE_BYTES * (file + 1));
  }

  /** Relative to the tree's root: empty for the root, otherwise without leading or trailing slash. */
  directoryPath(directory: number): ByteString {
    let path = "";
    for (let index = directory; index !== 0; index = at(this.directoryParents, index)) {
      const name = this.directoryName(index);
      path = path === "" ? name : `${name}/${path}`;
    }
    return path as ByteString;
  }

  /** The directory that contains a file, by bisection. */
  directoryOfFile(file: number): number {
    return firstAbove(this.directoryFileEnds, file);
  }

  /** Relative to the tree's root; empty for the manifest of a single file. */
  filePath(file: number): ByteString {
    const directory = this.directoryPath(this.directoryOfFile(file));
    const name = this.fileName(file);
    return (directory === "" ? name : `${directory}/${name}`) as ByteString;
  }

  /** Whether a file is a further name of an earlier one. */
  isLink(file: number): boolean {
    if (this.counts.linkCount === 0) return false;
    return this.linkFiles[firstAbove(this.linkFiles, file - 1)] === file;
  }

  #nameCounts: ReadonlyMap<number, number> | undefined;

  /** How many names a file has in the tree, for its first one. */
  countNames(file: number): number {
    if (this.counts.linkCount === 0) return 1;
    this.#nameCounts ??= countEach(this.linkTargets);
    return 1 + (this.#nameCounts.get(file) ?? 0);
  }

  contentBytes(): number {
    return this.fileSizes.reduce((sum, sizeBytes) => sum + sizeBytes, 0);
  }
}

/** An element that is guaranteed to exist by the layout. */
export function at(
  column: Float64Array | Int32Array | Uint32Array | Uint16Array | Uint8Array,
  index: number,
): number {
  const value = column[index];
  if (value === undefined) throw new RangeError(`column has no element ${index}`);
  return value;
}

function countEach(column: Uint32Array): Map<number, number> {
  const counts = new Map<number, number>();
  for (const value of column) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function nameAt(names: ByteString, ends: Uint32Array, index: number): ByteString {
  return names.slice(index === 0 ? 0 : at(ends, index - 1), at(ends, index)) as ByteString;
}

function firstAbove(ends: Uint32Array, value: number): number {
  let low = 0;
  let high = ends.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (at(ends, middle) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

compileLightly(at, firstAbove, nameAt);
compileMethodsLightly(Manifest);
