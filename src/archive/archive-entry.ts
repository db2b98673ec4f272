import type { ByteString } from "../base/byte-string.ts";

/** A file, directory or link in an archive of any format. */
export interface ArchiveEntry {
  /** Relative, without a trailing slash; empty for the root. When read from an archive, it must not be trusted. */
  readonly path: ByteString;
  readonly kind: "file" | "directory" | "symlink" | "hardlink";
  readonly mode: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
  /** Of a file, or of the one that a hard link names if that is known. */
  readonly sizeBytes: number;
  /** The target of a symlink; for a hard link, the path of the other file in the archive. */
  readonly target: ByteString;
  /**
   * The content of a file, in pieces that are each valid until the next is requested. It must be read before the next
   * entry is requested.
   */
  readonly body: AsyncIterable<Uint8Array>;
}

export const EMPTY_BODY: ArchiveEntry["body"] = {
  [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true as const, value: undefined }) }),
};

/** Called with the path of something that is neither a file, a directory nor a link, such as a device: it is left out. */
export type OnSkip = (path: ByteString) => void;
