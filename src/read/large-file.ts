import type { ByteString } from "../base/byte-string.ts";
import type { FileColumns } from "./file-columns.ts";
import type { ExpectedFile } from "./open-source.ts";

/** A file larger than one chunk, to be read span by span, and what it was when it was found. */
export interface LargeFile extends ExpectedFile {
  readonly path: ByteString;
}

/** A large file that a job found in its batch. */
export function describeLargeFile(path: ByteString, columns: FileColumns, position: number) {
  return {
    path,
    sizeBytes: columns.sizes[position] ?? 0,
    mtimeSeconds: columns.mtimeSeconds[position] ?? 0,
    mtimeNanoseconds: columns.mtimeNanoseconds[position] ?? 0,
    mode: columns.modes[position] ?? 0,
  };
}
