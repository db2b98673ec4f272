import type { ArchiveEntry } from "./archive-entry.ts";
import type { ArchiveFormat, ArchiveWriter, ByteSink } from "./archive-writer.ts";

/** What an archive will contain. */
export interface ArchiveOutline {
  readonly entryCount: number;
  readonly contentBytes: number;
  readonly list: () => Iterable<ArchiveEntry>;
  readonly onWarning: (warning: string) => void;
}

/**
 * Loaded on demand: other commands do not pay for the libraries.
 * @throws BtdtError ARCHIVE_INVALID if the format cannot represent it
 */
export async function openWriter(
  format: ArchiveFormat,
  outline: ArchiveOutline,
  sink: ByteSink,
): Promise<ArchiveWriter> {
  if (format === "zip") {
    const { assertZipHolds, assertZipName, describeLostTimes, ZipWriter } = await import(
      "./zip/zip-writer.ts"
    );
    assertZipHolds(outline.entryCount, outline.contentBytes);
    for (const { path } of outline.list()) assertZipName(path);
    const lost = describeLostTimes(outline.list());
    if (lost !== undefined) outline.onWarning(lost);
    return new ZipWriter(sink);
  }
  const { TarWriter } = await import("./tar/tar-writer.ts");
  if (format === "tar") return new TarWriter(sink);
  const { CompressedWriter } = await import("./compressed-writer.ts");
  const codec = format === "tar.gz" ? "gzip" : "zstd";
  return new CompressedWriter(codec, sink, (inner) => new TarWriter(inner));
}
