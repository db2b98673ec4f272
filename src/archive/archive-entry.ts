import type { ByteString } from "../base/byte-string.ts";

/** A file, directory or link in an archive of any format. */
export interface ArchiveEntry {
  /** Relative and without a trailing slash; empty for the root. Not to be trusted in an archive that is read. */
  readonly path: ByteString;
  readonly kind: "file" | "directory" | "symlink" | "hardlink";
  readonly mode: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
  /** Of a file. */
  readonly sizeBytes: number;
  /** Of a symlink; for a hard link, the path of the other file in the archive. */
  readonly target: ByteString;
  /** Of a file, in pieces that are each valid until the next is asked for. To be read before the next entry is asked for. */
  readonly body: AsyncIterable<Uint8Array>;
}

export const EMPTY_BODY: ArchiveEntry["body"] = {
  [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true as const, value: undefined }) }),
};
