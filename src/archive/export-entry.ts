/**
 * Converts entries to tar and zip files and back. Export lists a manifest (`listArchiveEntries`), reads and checks each
 * content (`ContentSource`), and writes it (`ArchiveWriter`). Import reads an archive (`readArchive`), which may be
 * hostile, creates its tree in the session's directory (`extract`), and stores that.
 */
import { BtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { touchKeyFile } from "../cache/key-files.ts";
import { damageWarning, findEntry, type UnusableKey } from "../entry/find-entry.ts";
import { countsOf } from "../key/key-record.ts";
import { BlockReader } from "../packs/unpack/block-reader.ts";
import { findPackedFiles } from "../packs/unpack/find-packed-files.ts";
import { Breather } from "../work/breather.ts";
import type { Runtime } from "../work/runtime.ts";
import { withoutRepetitions } from "../work/without-repetitions.ts";
import { type ArchiveEntry, EMPTY_BODY } from "./archive-entry.ts";
import { type ArchiveFormat, type ArchiveWriter, type ByteSink, holdsHardLinks } from "./archive-writer.ts";
import { ContentSource } from "./content-source.ts";
import { type ArchivedTree, countEntries, listArchiveEntries, nameTrees } from "./list-archive-entries.ts";
import { openWriter } from "./open-writer.ts";

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
  | { readonly kind: "missed"; readonly unusable: readonly UnusableKey[] };

/**
 * Streams the entry of the first key found as an archive. Damaged content is an error, because part of the archive
 * has already been written by then.
 * @throws BtdtError
 */
export async function exportEntry(request: ExportRequest, runtime: Runtime): Promise<ExportResult> {
  const { cache, keys } = request;
  const unusable: UnusableKey[] = [];
  for (const key of keys) {
    const entry = await findEntry(cache, key);
    if (entry.kind === "damaged" || entry.kind === "unreadable") {
      runtime.onWarning(damageWarning(key, entry.reason));
      unusable.push({ key, reason: entry.reason });
    }
    if (entry.kind !== "found") continue;
    touchKeyFile(cache, entry.keyFileName);
    await writeArchive(request, nameTrees(entry.trees), runtime);
    const { fileCount } = countsOf(entry.record.trees);
    return { kind: "exported", key, isPrimary: key === keys[0], fileCount };
  }
  return { kind: "missed", unusable };
}

async function writeArchive(
  { cache, format, sink }: ExportRequest,
  trees: readonly ArchivedTree[],
  runtime: Runtime,
): Promise<void> {
  const contentBytes = trees.reduce((sum, { manifest }) => sum + manifest.contentBytes(), 0);
  const { onWarning } = runtime;
  const outline = { entryCount: countEntries(trees), contentBytes, list: () => listTrees(trees), onWarning };
  const writer = await openWriter(format, outline, sink);
  runtime.progress.begin({
    name: "exporting",
    unit: "bytes",
    files: trees.reduce((sum, { manifest }) => sum + manifest.counts.fileCount, 0),
    bytes: contentBytes,
  });
  try {
    for (const tree of trees) await writeTree(cache, tree, format, writer, runtime);
    await writer.finish();
  } finally {
    runtime.progress.end();
  }
}

async function writeTree(
  cache: CacheDirectory,
  tree: ArchivedTree,
  format: ArchiveFormat,
  writer: ArchiveWriter,
  runtime: Runtime,
): Promise<void> {
  const breather = new Breather();
  const onRead = async (bytes: number): Promise<void> => {
    runtime.progress.add({ bytes });
    await breather.breathe();
    if (runtime.isCancelled()) throw new BtdtError("CANCELLED", "stopped before the archive was complete");
  };
  const { onWarning } = withoutRepetitions(runtime);
  const contents = new ContentSource(cache, tree.manifest, () => {
    const packed = findPackedFiles(cache, tree.manifest, new Set(), onWarning);
    return packed && new BlockReader(cache, tree.manifest, packed);
  });
  try {
    for (const entry of listArchiveEntries(tree, holdsHardLinks(format), (file) => contents.read(file))) {
      await writer.add({ ...entry, body: count(entry.body, onRead) });
      if (entry.kind === "file" || entry.kind === "hardlink") runtime.progress.add({ files: 1 });
      await onRead(entry.kind === "hardlink" ? entry.sizeBytes : 0);
    }
  } finally {
    contents.close();
  }
}

/** Without contents. */
function* listTrees(trees: readonly ArchivedTree[]): Generator<ArchiveEntry, void> {
  for (const tree of trees) yield* listArchiveEntries(tree, false, () => EMPTY_BODY);
}

async function* count(
  body: AsyncIterable<Uint8Array>,
  onRead: (bytes: number) => Promise<void>,
): AsyncGenerator<Uint8Array, void> {
  for await (const piece of body) {
    yield piece;
    await onRead(piece.length);
  }
}
