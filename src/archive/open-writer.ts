import type { ArchiveFormat, ArchiveWriter, ByteSink } from "./archive-writer.ts";

export interface ArchiveSize {
  readonly entryCount: number;
  readonly contentBytes: number;
}

/**
 * Loaded when asked for: other commands do not pay for the libraries.
 * @throws BtdtError ARCHIVE_INVALID when the format cannot hold so much
 */
export async function openWriter(
  format: ArchiveFormat,
  size: ArchiveSize,
  sink: ByteSink,
): Promise<ArchiveWriter> {
  if (format === "zip") {
    const { assertZipHolds, ZipWriter } = await import("./zip/zip-writer.ts");
    assertZipHolds(size.entryCount, size.contentBytes);
    return new ZipWriter(sink);
  }
  const { TarWriter } = await import("./tar/tar-writer.ts");
  if (format === "tar") return new TarWriter(sink);
  const { GzipWriter } = await import("./gzip/gzip-writer.ts");
  return new GzipWriter(sink, (inner) => new TarWriter(inner));
}
