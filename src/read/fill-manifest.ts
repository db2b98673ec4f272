import type { ByteString } from "../base/byte-string.ts";
import { compileMethodsLightly } from "../base/compile-lightly.ts";
import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { Manifest } from "../manifest/manifest.ts";
import type { WalkedSymlink } from "./examine-source.ts";
import type { FileColumns } from "./file-columns.ts";
import { type NameList, nameBytesOf, SEPARATOR_BYTE } from "./name-list.ts";
import type { WalkedDirectory } from "./walk-tree.ts";

/** What was read of consecutive files of the manifest. */
export interface RangeContent {
  readonly firstFile: number;
  readonly columns: FileColumns;
  /** By the file's position in the columns. */
  readonly largeDigests: ReadonlyMap<number, Uint8Array>;
}

/** A directory that waits until the manifest can be allocated. */
export interface ListedDirectory extends Omit<WalkedDirectory, "files"> {
  readonly files: NameList;
}

/** A manifest with room for what a walk found. */
export function allocateManifest(
  directories: readonly ListedDirectory[],
  fileCount: number,
  isSingleFile = false,
): Manifest {
  const symlinks: WalkedSymlink[] = directories.flatMap((directory) => directory.symlinks);
  return Manifest.allocate({
    isSingleFile,
    directoryCount: directories.length,
    fileCount,
    symlinkCount: symlinks.length,
    directoryNameBytes: totalBytes(directories.map((directory) => directory.name)),
    fileNameBytes: directories.reduce((sum, directory) => sum + nameBytesOf(directory.files), 0),
    symlinkNameBytes: totalBytes(symlinks.map((symlink) => symlink.name)),
    symlinkTargetBytes: totalBytes(symlinks.map((symlink) => symlink.target)),
    linkCount: 0,
    usesExclusiveObjects: false,
  });
}

function totalBytes(names: Iterable<ByteString>): number {
  let sum = 0;
  for (const name of names) sum += name.length;
  return sum;
}

/** Appends names and notes where each ends. */
class NameColumn {
  readonly #bytes: Uint8Array;
  readonly #ends: Uint32Array;
  #count = 0;
  #offset = 0;

  constructor(bytes: Uint8Array, ends: Uint32Array) {
    this.#bytes = bytes;
    this.#ends = ends;
  }

  append(name: ByteString): void {
    for (let index = 0; index < name.length; index++)
      this.#bytes[this.#offset + index] = name.charCodeAt(index);
    this.#offset += name.length;
    this.#ends[this.#count++] = this.#offset;
  }

  /** Without a string for each: for a moment, those of a huge tree would take as much memory as its manifest. */
  appendList({ count, joined }: NameList): void {
    if (count === 0) return;
    for (let index = 0; index < joined.length; index++) {
      const byte = joined.charCodeAt(index);
      if (byte === SEPARATOR_BYTE) this.#ends[this.#count++] = this.#offset;
      else this.#bytes[this.#offset++] = byte;
    }
    this.#ends[this.#count++] = this.#offset;
  }
}

/** Fills in the directories, and all names and symlinks. */
export function fillDirectories(manifest: Manifest, directories: readonly ListedDirectory[]): void {
  const directoryNames = new NameColumn(manifest.directoryNames, manifest.directoryNameEnds);
  const fileNames = new NameColumn(manifest.fileNames, manifest.fileNameEnds);
  const symlinkNames = new NameColumn(manifest.symlinkNames, manifest.symlinkNameEnds);
  const symlinkTargets = new NameColumn(manifest.symlinkTargets, manifest.symlinkTargetEnds);
  let fileEnd = 0;
  let symlinkEnd = 0;
  for (const [index, directory] of directories.entries()) {
    directoryNames.append(directory.name);
    manifest.directoryParents[index] = directory.parent;
    manifest.directoryModes[index] = directory.status.mode;
    manifest.directoryMtimeSeconds[index] = directory.status.mtimeSeconds;
    manifest.directoryMtimeNanoseconds[index] = directory.status.mtimeNanoseconds;
    fileNames.appendList(directory.files);
    for (const symlink of directory.symlinks) {
      symlinkNames.append(symlink.name);
      symlinkTargets.append(symlink.target);
      manifest.symlinkMtimeSeconds[symlinkEnd] = symlink.mtimeSeconds;
      manifest.symlinkMtimeNanoseconds[symlinkEnd] = symlink.mtimeNanoseconds;
      symlinkEnd += 1;
    }
    fileEnd += directory.files.count;
    manifest.directoryFileEnds[index] = fileEnd;
    manifest.directorySymlinkEnds[index] = symlinkEnd;
  }
}

/** Fills in what was read of some files. */
export function fillFiles(manifest: Manifest, { firstFile, columns, largeDigests }: RangeContent): void {
  manifest.fileSizes.set(columns.sizes, firstFile);
  manifest.fileMtimeSeconds.set(columns.mtimeSeconds, firstFile);
  manifest.fileMtimeNanoseconds.set(columns.mtimeNanoseconds, firstFile);
  manifest.fileModes.set(columns.modes, firstFile);
  manifest.fileDigests.set(columns.digests, firstFile * DIGEST_SIZE_BYTES);
  for (const [position, digest] of largeDigests) {
    manifest.fileDigests.set(digest, (firstFile + position) * DIGEST_SIZE_BYTES);
  }
}

compileMethodsLightly(NameColumn);
