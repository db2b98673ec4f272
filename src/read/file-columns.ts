import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import type { WorkDone } from "../base/progress.ts";
import type { SourceFailure } from "./source-failure.ts";

/**
 * What was read of a batch, with one element per file in the order of the batch; fewer files if the job stopped
 * early.
 */
export interface FileColumns {
  readonly sizes: Float64Array;
  readonly mtimeSeconds: Float64Array;
  readonly mtimeNanoseconds: Uint32Array;
  readonly modes: Uint16Array;
  /** 32 bytes per file; zeros for a large one. */
  readonly digests: Uint8Array;
  /** Positions of the files larger than one chunk, which are read later, span by span. */
  readonly large: readonly number[];
  /** Positions of the files with extended attributes, if the batch wants them. */
  readonly attributed: readonly number[];
  /** The files with more than one name, see `InodeRows`. */
  readonly inodeRows: Uint32Array;
  /** Files that could not be read; all else about them is zero. */
  readonly failures: readonly FileFailure[];
}

export interface FileFailure extends Pick<SourceFailure, "code" | "message"> {
  readonly position: number;
}

export function allocateColumns(fileCount: number): Omit<FileColumns, "inodeRows"> & {
  readonly large: number[];
  readonly attributed: number[];
  readonly failures: FileFailure[];
} {
  return {
    sizes: new Float64Array(fileCount),
    mtimeSeconds: new Float64Array(fileCount),
    mtimeNanoseconds: new Uint32Array(fileCount),
    modes: new Uint16Array(fileCount),
    digests: new Uint8Array(fileCount * DIGEST_SIZE_BYTES),
    large: [],
    attributed: [],
    failures: [],
  };
}

/** The first files, copied: a view would be sent to another thread with its whole buffer. */
export function truncateColumns<Columns extends Omit<FileColumns, "inodeRows">>(
  columns: Columns,
  fileCount: number,
): Columns {
  return {
    ...columns,
    sizes: columns.sizes.slice(0, fileCount),
    mtimeSeconds: columns.mtimeSeconds.slice(0, fileCount),
    mtimeNanoseconds: columns.mtimeNanoseconds.slice(0, fileCount),
    modes: columns.modes.slice(0, fileCount),
    digests: columns.digests.slice(0, fileCount * DIGEST_SIZE_BYTES),
  };
}

/** The work of reading them; large files are only found so far. */
export function measureWork({ sizes, large }: FileColumns): WorkDone {
  const foundBytes = large.reduce((sum, position) => sum + (sizes[position] ?? 0), 0);
  const totalBytes = sizes.reduce((sum, sizeBytes) => sum + sizeBytes, 0);
  return { files: sizes.length, bytes: totalBytes - foundBytes, foundBytes };
}
