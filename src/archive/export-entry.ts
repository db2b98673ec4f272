import { type ByteString, bytesFromText, joinBytes } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { touchKeyFile } from "../cache/key-files.ts";
import { damageWarning, type FoundTree, findEntry } from "../entry/find-entry.ts";
import { countsOf } from "../key/key-file.ts";
import { treeNames } from "../key/tree-names.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { BlockReader } from "../packs/unpack/block-reader.ts";
import { findPackedFiles } from "../packs/unpack/find-packed-files.ts";
import { Breather } from "../work/breather.ts";
import type { Runtime } from "../work/runtime.ts";
import { ContentReader } from "./content-reader.ts";
import type { ArchiveEntry, ArchiveFormat, ArchiveWriter, ByteSink } from "./format/archive-entry.ts";

/** What the file of an entry that is a single file is called in an archive. */
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
    if (entry.kind === "damaged" || entry.kind === "unreadable")
      runtime.onWarning(damageWarning(key, entry.reason));
    if (entry.kind !== "found") continue;
    touchKeyFile(cache, entry.keyFileName);
    await writeArchive(request, archivedTrees(entry.trees), runtime);
    const { fileCount } = countsOf(entry.record.trees);
    return { kind: "exported", key, isPrimary: key === keys[0], fileCount };
  }
  return { kind: "missed" };
}

interface ArchivedTree {
  readonly manifest: Manifest;
  /** Empty for a directory that is the archive's root. */
  readonly path: ByteString;
}

/** Of several trees each has its name in the archive; a single directory is the archive's root. */
function archivedTrees(trees: readonly FoundTree[]): ArchivedTree[] {
  const names = treeNames(trees.map(({ stored }) => stored));
  return trees.map(({ manifest }, index) => {
    if (trees.length > 1) return { manifest, path: bytesFromText(names[index] ?? "") };
    return { manifest, path: manifest.counts.isSingleFile ? SINGLE_FILE_NAME : ("" as ByteString) };
  });
}

async function writeArchive(
  { cache, format, sink }: ExportRequest,
  trees: readonly ArchivedTree[],
  runtime: Runtime,
): Promise<void> {
  const writer = await writerOf(format, trees, sink);
  const breather = new Breather();
  const onRead = async (bytes: number): Promise<void> => {
    runtime.progress.add({ bytes });
    await breather.breathe();
    if (runtime.isCancelled()) throw new BtdtError("CANCELLED", "stopped before the archive was whole");
  };
  runtime.progress.begin({
    name: "exporting",
    unit: "bytes",
    files: trees.reduce((sum, { manifest }) => sum + manifest.counts.fileCount, 0),
    bytes: contentBytesOf(trees),
  });
  try {
    for (const tree of trees) {
      const packed = findPackedFiles(cache, tree.manifest, new Set(), runtime.onWarning);
      const packs = packed && new BlockReader(cache, tree.manifest, packed);
      try {
        const reader = new ContentReader(cache, tree.manifest, packs);
        for (const entry of entriesOf(tree, reader)) {
          await writer.add({ ...entry, body: counted(entry.body, onRead) });
          if (entry.kind === "file") runtime.progress.add({ files: 1 });
          await onRead(0);
        }
      } finally {
        packs?.close();
      }
    }
    await writer.finish();
  } finally {
    runtime.progress.end();
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

function contentBytesOf(trees: readonly ArchivedTree[]): number {
  return trees.reduce((sum, { manifest }) => sum + manifest.contentBytes(), 0);
}

/** How many files, directories and symlinks an archive of them has; its root, which has no name, may be left out. */
function archivedCountOf(trees: readonly ArchivedTree[]): number {
  return trees.reduce((sum, { manifest, path }) => {
    const { directoryCount, fileCount, symlinkCount, isSingleFile } = manifest.counts;
    return sum + directoryCount + fileCount + symlinkCount - (isSingleFile || path === "" ? 1 : 0);
  }, 0);
}

/** Loaded when asked for: other commands do not pay for the libraries. @throws BtdtError ARCHIVE_INVALID */
async function writerOf(
  format: ArchiveFormat,
  trees: readonly ArchivedTree[],
  sink: ByteSink,
): Promise<ArchiveWriter> {
  if (format === "zip") {
    const { assertZipHolds, ZipWriter } = await import("./format/zip-writer.ts");
    assertZipHolds(archivedCountOf(trees), contentBytesOf(trees));
    return new ZipWriter(sink);
  }
  const { TarWriter } = await import("./format/tar-writer.ts");
  if (format === "tar") return new TarWriter(sink);
  const { GzipWriter } = await import("./format/gzip-writer.ts");
  return new GzipWriter(sink, (inner) => new TarWriter(inner));
}

function* entriesOf(tree: ArchivedTree, reader: ContentReader): Generator<ArchiveEntry, void> {
  const { manifest } = tree;
  if (manifest.counts.isSingleFile) {
    yield fileEntry(manifest, 0, tree.path, reader);
    return;
  }
  for (let directory = 0; directory < manifest.counts.directoryCount; directory++) {
    const relative = manifest.directoryPath(directory);
    const path = relative === "" ? tree.path : joinBytes(tree.path, relative);
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
