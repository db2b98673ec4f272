import type { ByteString } from "../../base/byte-string.ts";

/** One thing in an archive, in whatever format. */
export interface ArchiveEntry {
  /** Relative and without a trailing slash; empty for the root. From an archive that is read, it is not to be trusted. */
  readonly path: ByteString;
  readonly kind: "file" | "directory" | "symlink" | "hardlink";
  readonly mode: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
  /** Of a file. */
  readonly sizeBytes: number;
  /** Of a symlink; of a hard link the path of the other file, in the archive. */
  readonly target: ByteString;
  /** Of a file; to be read to its end before the next entry is asked for. */
  readonly body: AsyncIterable<Uint8Array>;
}

export const ARCHIVE_FORMATS = ["tar", "tar.gz", "zip"] as const;
export type ArchiveFormat = (typeof ARCHIVE_FORMATS)[number];

/** Takes an archive's bytes as they come. */
export type ByteSink = (bytes: Uint8Array) => void;

/** Writes entries, one after the other, then the end. */
export interface ArchiveWriter {
  /** @throws BtdtError ARCHIVE_INVALID for what the format has no room for */
  add(entry: ArchiveEntry): Promise<void>;
  finish(): Promise<void>;
}
