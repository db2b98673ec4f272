import type { ArchiveEntry, ArchiveFormat, ArchiveWriter, ByteSink } from "../archive/archive-entry.ts";
import type { CacheDirectory } from "../backends/cache-directory.ts";
import { touchKeyFile } from "../backends/key-files.ts";
import { type ByteString, joinBytes } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { Breather } from "../work/breather.ts";
import { ContentReader } from "./content-reader.ts";
import { damageWarning, findEntry } from "./find-entry.ts";
import { openPacksOf } from "./open-packs.ts";
import type { Runtime } from "./runtime.ts";

/** What the one file of an entry is called in an archive: an entry that is a file has no name. */
const SINGLE_FILE_NAME = "file" as ByteString;

export interface ExportRequest {
  readonly cache: CacheDirectory;
  readonly keys: readonly [string, ...string[]];
  readonly format: ArchiveFormat;
  readonly sink: ByteSink;
}

export type ExportResult =
  | {
      readonly kind: "exported";
      readonly key: string;
      readonly isPrimary: boolean;
      readonly fileCount: number;
    }
  | { readonly kind: "missed" };

/**
 * Streams the first of the keys that is found as an archive. Content that turns out to be damaged is an error, because a part of
 * the archive has been given out by then.
 * @throws BtdtError
 */
export async function exportEntry(request: ExportRequest, runtime: Runtime): Promise<ExportResult> {
  const { cache, keys } = request;
  for (const key of keys) {
    const entry = findEntry(cache, key);
    if (entry.kind === "damaged") runtime.onWarning(damageWarning(key, entry.reason));
    if (entry.kind !== "found") continue;
    touchKeyFile(cache, entry.keyFileName);
    await writeArchive(request, entry.manifest, runtime);
    return { kind: "exported", key, isPrimary: key === keys[0], fileCount: entry.manifest.counts.fileCount };
  }
  return { kind: "missed" };
}

async function writeArchive(
  { cache, format, sink }: ExportRequest,
  manifest: Manifest,
  runtime: Runtime,
): Promise<void> {
  const packed = openPacksOf(cache, manifest);
  try {
    const reader = new ContentReader(cache, manifest, packed);
    const writer = await writerOf(format, manifest, sink);
    const breather = new Breather();
    const onRead = async (bytes: number): Promise<void> => {
      runtime.progress.add({ bytes });
      await breather.breathe();
      if (runtime.isCancelled()) throw new BtdtError("CANCELLED", "stopped before the archive was whole");
    };
    const { fileCount } = manifest.counts;
    runtime.progress.begin({
      name: "exporting",
      unit: "bytes",
      files: fileCount,
      bytes: manifest.contentBytes(),
    });
    for (const entry of entriesOf(manifest, reader)) {
      await writer.add({ ...entry, body: counted(entry.body, onRead) });
      if (entry.kind === "file") runtime.progress.add({ files: 1 });
      await onRead(0);
    }
    await writer.finish();
  } finally {
    runtime.progress.end();
    packed?.packs.close();
  }
}

async function* counted(
  body: AsyncIterable<Uint8Array>,
  onRead: (bytes: number) => Promise<void>,
): AsyncGenerator<Uint8Array, void> {
  for await (const piece of body) {
    yield piece;
    await onRead(piece.length);
  }
}

/** Loaded when asked for: other commands do not pay for the libraries. @throws BtdtError ARCHIVE_INVALID */
async function writerOf(format: ArchiveFormat, manifest: Manifest, sink: ByteSink): Promise<ArchiveWriter> {
  if (format === "zip") {
    const { assertZipHolds, ZipWriter } = await import("../archive/zip-writer.ts");
    const { directoryCount, fileCount, symlinkCount } = manifest.counts;
    assertZipHolds(directoryCount - 1 + fileCount + symlinkCount, manifest.contentBytes());
    return new ZipWriter(sink);
  }
  const { TarWriter } = await import("../archive/tar-writer.ts");
  if (format === "tar") return new TarWriter(sink);
  const { GzipWriter } = await import("../archive/gzip-writer.ts");
  return new GzipWriter(sink, (inner) => new TarWriter(inner));
}

function* entriesOf(manifest: Manifest, reader: ContentReader): Generator<ArchiveEntry, void> {
  if (manifest.counts.isSingleFile) {
    yield fileEntry(manifest, 0, SINGLE_FILE_NAME, reader);
    return;
  }
  for (let directory = 0; directory < manifest.counts.directoryCount; directory++) {
    const path = manifest.directoryPath(directory);
    yield {
      ...NOTHING,
      path,
      kind: "directory",
      mode: at(manifest.directoryModes, directory),
      mtimeSeconds: at(manifest.directoryMtimeSeconds, directory),
      mtimeNanoseconds: at(manifest.directoryMtimeNanoseconds, directory),
    };
    for (
      let file = manifest.firstFileOf(directory);
      file < at(manifest.directoryFileEnds, directory);
      file++
    ) {
      yield fileEntry(manifest, file, joinBytes(path, manifest.fileName(file)), reader);
    }
    for (
      let symlink = manifest.firstSymlinkOf(directory);
      symlink < at(manifest.directorySymlinkEnds, directory);
      symlink++
    ) {
      yield {
        ...NOTHING,
        path: joinBytes(path, manifest.symlinkName(symlink)),
        kind: "symlink",
        mode: 0o777,
        target: manifest.symlinkTarget(symlink),
        mtimeSeconds: at(manifest.symlinkMtimeSeconds, symlink),
        mtimeNanoseconds: at(manifest.symlinkMtimeNanoseconds, symlink),
      };
    }
  }
}

function fileEntry(manifest: Manifest, file: number, path: ByteString, reader: ContentReader): ArchiveEntry {
  return {
    path,
    kind: "file",
    mode: at(manifest.fileModes, file),
    mtimeSeconds: at(manifest.fileMtimeSeconds, file),
    mtimeNanoseconds: at(manifest.fileMtimeNanoseconds, file),
    sizeBytes: at(manifest.fileSizes, file),
    target: "" as ByteString,
    body: reader.read(file),
  };
}

/** Of directories and symlinks. */
const NOTHING = {
  sizeBytes: 0,
  target: "" as ByteString,
  body: { [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true as const, value: undefined }) }) },
};
