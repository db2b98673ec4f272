import { ID_WORDS } from "./file-id.ts";

/**
 * What counting needs of a manifest, as plain data that threads share: where it is like an earlier one, and the ids and
 * sizes of its other files.
 */
export interface ManifestOutline {
  readonly fileCount: number;
  /** The digest of the manifest that must stay in the cache for this one to be readable. */
  readonly base: string | undefined;
  /** The digest of the manifest that it was compared with. */
  readonly earlier: string | undefined;
  /** Where the two are alike: the first file of each run, that in the earlier manifest, and how many files there are. */
  readonly runs: Uint32Array;
  /** All files that are in no run, in ascending order. */
  readonly others: OutlinedFiles;
}

/** Files as columns, 28 bytes for each. */
export interface OutlinedFiles {
  readonly fileSizes: Float64Array;
  /** 4 words for each: the id of its object, if that is not exclusive. */
  readonly ids: Int32Array;
  readonly files: Uint32Array;
}

/** How many numbers describe a run. */
export const RUN_WORDS = 3;

const FILE_BYTES = 8 + 4 * ID_WORDS + 4;

/** To be filled in, in memory that threads can share. */
export function allocateFiles(count: number): OutlinedFiles {
  const buffer = new SharedArrayBuffer(count * FILE_BYTES);
  return {
    fileSizes: new Float64Array(buffer, 0, count),
    ids: new Int32Array(buffer, 8 * count, ID_WORDS * count),
    files: new Uint32Array(buffer, (8 + 4 * ID_WORDS) * count, count),
  };
}
