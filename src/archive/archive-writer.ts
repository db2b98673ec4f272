import type { ArchiveEntry } from "./archive-entry.ts";

export const ARCHIVE_FORMATS = ["tar", "tar.gz", "tar.zst", "zip"] as const;
export type ArchiveFormat = (typeof ARCHIVE_FORMATS)[number];

/** Whether a format can say that a file has several names; in others, each becomes a file. */
export function holdsHardLinks(format: ArchiveFormat): boolean {
  switch (format) {
    case "tar":
    case "tar.gz":
    case "tar.zst":
      return true;
    case "zip":
      return false;
  }
}

/** Receives the bytes of an archive, which are valid only until it returns. */
export type ByteSink = (bytes: Uint8Array) => void | Promise<void>;

/** Writes entries in order, then the end of the archive. */
export interface ArchiveWriter {
  /** @throws BtdtError ARCHIVE_INVALID for what the format cannot represent, and what the sink throws */
  add(entry: ArchiveEntry): Promise<void>;
  finish(): Promise<void>;
}
