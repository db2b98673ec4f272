import { type ByteString, bytesFromText, joinBytes } from "../base/byte-string.ts";
import type { StoredTree } from "../key/key-record.ts";
import { treeNames } from "../key/tree-names.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { type ArchiveEntry, EMPTY_BODY } from "./archive-entry.ts";

/** The name in an archive of an entry that is a single file. */
const SINGLE_FILE_NAME = "file" as ByteString;
const NO_TARGET = "" as ByteString;

export interface ArchivedTree {
  readonly manifest: Manifest;
  /** Empty for a directory that is the root of the archive. */
  readonly path: ByteString;
}

/** Several trees are named in the archive; a single directory is the root of the archive. */
export function nameTrees(
  trees: readonly { readonly stored: StoredTree; readonly manifest: Manifest }[],
): ArchivedTree[] {
  const names = treeNames(trees.map(({ stored }) => stored));
  return trees.map(({ manifest }, index) => {
    if (trees.length > 1) return { manifest, path: bytesFromText(names[index] ?? "") };
    return { manifest, path: manifest.counts.isSingleFile ? SINGLE_FILE_NAME : ("" as ByteString) };
  });
}

/**
 * The number of files, directories and symlinks in an archive of these trees; the root, which has no name, may be
 * missing.
 */
export function countEntries(trees: readonly ArchivedTree[]): number {
  return trees.reduce((sum, { manifest, path }) => {
    const { directoryCount, fileCount, symlinkCount, isSingleFile } = manifest.counts;
    return sum + directoryCount + fileCount + symlinkCount - (isSingleFile || path === "" ? 1 : 0);
  }, 0);
}

/**
 * Each directory before its contents, and each file before its hard links.
 * @param hasHardLinks false to list further names of a file as files
 * @param read returns the content of a file of the manifest
 */
export function* listArchiveEntries(
  { manifest, path: root }: ArchivedTree,
  hasHardLinks: boolean,
  read: (file: number) => AsyncIterable<Uint8Array>,
): Generator<ArchiveEntry, void> {
  if (manifest.counts.isSingleFile) {
    yield fileEntry(manifest, 0, root, read(0));
    return;
  }
  let link = 0;
  for (let directory = 0; directory < manifest.counts.directoryCount; directory++) {
    const relative = manifest.directoryPath(directory);
    const path = relative === "" ? root : joinBytes(root, relative);
    yield directoryEntry(manifest, directory, path);
    const fileEnd = at(manifest.directoryFileEnds, directory);
    for (let file = manifest.firstFileOf(directory); file < fileEnd; file++) {
      const filePath = joinBytes(path, manifest.fileName(file));
      if (hasHardLinks && manifest.linkFiles[link] === file) {
        const target = joinBytes(root, manifest.filePath(at(manifest.linkTargets, link)));
        yield { ...fileEntry(manifest, file, filePath, EMPTY_BODY), kind: "hardlink", target };
        link += 1;
      } else {
        yield fileEntry(manifest, file, filePath, read(file));
      }
    }
    const symlinkEnd = at(manifest.directorySymlinkEnds, directory);
    for (let symlink = manifest.firstSymlinkOf(directory); symlink < symlinkEnd; symlink++) {
      yield symlinkEntry(manifest, symlink, joinBytes(path, manifest.symlinkName(symlink)));
    }
  }
}

function directoryEntry(manifest: Manifest, directory: number, path: ByteString): ArchiveEntry {
  return {
    path,
    kind: "directory",
    mode: at(manifest.directoryModes, directory),
    mtimeSeconds: at(manifest.directoryMtimeSeconds, directory),
    mtimeNanoseconds: at(manifest.directoryMtimeNanoseconds, directory),
    sizeBytes: 0,
    target: NO_TARGET,
    body: EMPTY_BODY,
  };
}

function fileEntry(
  manifest: Manifest,
  file: number,
  path: ByteString,
  body: AsyncIterable<Uint8Array>,
): ArchiveEntry {
  return {
    path,
    kind: "file",
    mode: at(manifest.fileModes, file),
    mtimeSeconds: at(manifest.fileMtimeSeconds, file),
    mtimeNanoseconds: at(manifest.fileMtimeNanoseconds, file),
    sizeBytes: at(manifest.fileSizes, file),
    target: NO_TARGET,
    body,
  };
}

function symlinkEntry(manifest: Manifest, symlink: number, path: ByteString): ArchiveEntry {
  return {
    path,
    kind: "symlink",
    mode: 0o777,
    mtimeSeconds: at(manifest.symlinkMtimeSeconds, symlink),
    mtimeNanoseconds: at(manifest.symlinkMtimeNanoseconds, symlink),
    sizeBytes: 0,
    target: manifest.symlinkTarget(symlink),
    body: EMPTY_BODY,
  };
}
