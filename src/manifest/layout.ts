import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { layOutColumns } from "../base/format/column-layout.ts";

/** The offset of each column in a manifest's payload, as described in `docs/format.md`. */
export interface ManifestCounts {
  /** The entry is one file, not a tree. */
  readonly isSingleFile: boolean;
  readonly directoryCount: number;
  readonly fileCount: number;
  readonly symlinkCount: number;
  readonly directoryNameBytes: number;
  readonly fileNameBytes: number;
  readonly symlinkNameBytes: number;
  readonly symlinkTargetBytes: number;
  /** How many files are further names of an earlier one. */
  readonly linkCount: number;
  /** Some contents are in objects that no more than one tree links to. */
  readonly usesExclusiveObjects: boolean;
}

export const HEADER_SIZE_BYTES = 64;

export type ManifestLayout = ReturnType<typeof layoutOf>;

/** Widest elements first, so that every column is aligned to its element size. */
export function layoutOf(counts: ManifestCounts) {
  const { directoryCount: directories, fileCount: files, symlinkCount: symlinks } = counts;
  const { column, endBytes } = layOutColumns(HEADER_SIZE_BYTES);
  return {
    directoryMtimeSeconds: column(directories, 8),
    fileSizes: column(files, 8),
    fileMtimeSeconds: column(files, 8),
    symlinkMtimeSeconds: column(symlinks, 8),
    directoryMtimeNanoseconds: column(directories, 4),
    directoryParents: column(directories, 4),
    directoryNameEnds: column(directories, 4),
    directoryFileEnds: column(directories, 4),
    directorySymlinkEnds: column(directories, 4),
    fileMtimeNanoseconds: column(files, 4),
    fileNameEnds: column(files, 4),
    symlinkMtimeNanoseconds: column(symlinks, 4),
    symlinkNameEnds: column(symlinks, 4),
    symlinkTargetEnds: column(symlinks, 4),
    linkFiles: column(counts.linkCount, 4),
    linkTargets: column(counts.linkCount, 4),
    directoryModes: column(directories, 2),
    fileModes: column(files, 2),
    fileDigests: column(files, DIGEST_SIZE_BYTES),
    directoryNames: column(counts.directoryNameBytes, 1),
    fileNames: column(counts.fileNameBytes, 1),
    symlinkNames: column(counts.symlinkNameBytes, 1),
    symlinkTargets: column(counts.symlinkTargetBytes, 1),
    sizeBytes: endBytes(),
  };
}
