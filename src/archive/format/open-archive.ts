import { closeSync, fstatSync, readSync } from "node:fs";
import { Gunzip } from "fflate";
import { openPatiently, readPipe } from "../../fs/read-pipe.ts";
import type { ArchiveEntry } from "./archive-entry.ts";
import { invalid } from "./archive-text.ts";
import { readTar } from "./tar-reader.ts";
import { readZip } from "./zip-reader.ts";

const PIECE_BYTES = 256 * 1024;
const MAGIC_BYTES = 4;

/** Where an archive comes from: a path of a file or named pipe, or this process's standard input. */
export type ArchiveSource = { readonly kind: "path"; readonly path: string } | { readonly kind: "stdin" };

interface ReadOptions {
  readonly isCancelled: () => boolean;
  /** Told of each piece of the archive that was read; it may let others have their turn. */
  readonly onRead: (bytes: number) => Promise<void>;
}

/**
 * The entries of an archive, whose format shows in its first bytes. A tar may come through a pipe; a zip file has its list of
 * entries at the end, so that it has to be a file.
 * @throws BtdtError ARCHIVE_INVALID, CANCELLED; a `node:fs` error
 */
export async function* archiveEntries(
  source: ArchiveSource,
  options: ReadOptions,
): AsyncGenerator<ArchiveEntry, void> {
  const descriptor = source.kind === "stdin" ? 0 : await openPatiently(source.path, options.isCancelled);
  try {
    if (fstatSync(descriptor).isFile()) yield* entriesOfFile(descriptor, options);
    else yield* entriesOfPipe(descriptor, options);
  } finally {
    if (source.kind === "path") closeSync(descriptor);
  }
}

async function* entriesOfFile(
  descriptor: number,
  { onRead }: ReadOptions,
): AsyncGenerator<ArchiveEntry, void> {
  const magic = Buffer.alloc(MAGIC_BYTES);
  readSync(descriptor, magic, 0, MAGIC_BYTES, 0);
  if (isZip(magic)) yield* readZip(descriptor, onRead);
  else yield* entriesOfTar(magic, counted(pieces(descriptor), onRead));
}

async function* entriesOfPipe(
  descriptor: number,
  { isCancelled, onRead }: ReadOptions,
): AsyncGenerator<ArchiveEntry, void> {
  const rest = readPipe(descriptor, isCancelled);
  let start = new Uint8Array(0);
  while (start.length < MAGIC_BYTES) {
    const { value, done } = await rest.next();
    if (done === true) break;
    start = Uint8Array.from([...start, ...value]);
  }
  if (isZip(start)) {
    throw invalid(
      "a zip file cannot be read from a pipe",
      "keep it in a file first, or send a tar or tar.gz",
    );
  }
  yield* entriesOfTar(start, counted(joined(start, rest), onRead));
}

function isZip(magic: Uint8Array): boolean {
  return magic[0] === 0x50 && magic[1] === 0x4b;
}

async function* entriesOfTar(
  magic: Uint8Array,
  archive: AsyncIterable<Uint8Array>,
): AsyncGenerator<ArchiveEntry, void> {
  yield* readTar(magic[0] === 0x1f && magic[1] === 0x8b ? inflated(archive) : archive);
}

function* pieces(descriptor: number): Generator<Uint8Array, void> {
  for (let offset = 0; ; ) {
    const piece = new Uint8Array(PIECE_BYTES);
    const count = readSync(descriptor, piece, 0, PIECE_BYTES, offset);
    if (count === 0) return;
    offset += count;
    yield piece.subarray(0, count);
  }
}

async function* joined(start: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  yield start;
  yield* rest;
}

async function* counted(
  archive: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  onRead: ReadOptions["onRead"],
): AsyncGenerator<Uint8Array, void> {
  for await (const piece of archive) {
    await onRead(piece.length);
    yield piece;
  }
}

async function* inflated(compressed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const waiting: Uint8Array[] = [];
  let isEnded = false;
  const gunzip = new Gunzip((bytes, isLast) => {
    waiting.push(bytes);
    isEnded ||= isLast;
  });
  const push = (bytes: Uint8Array, isLast: boolean): void => {
    try {
      gunzip.push(bytes, isLast);
    } catch {
      throw invalid("the archive is damaged: it does not decompress");
    }
  };
  for await (const piece of compressed) {
    // In small steps, because what they inflate to is all in memory.
    for (let start = 0; start < piece.length; start += 4096) {
      push(piece.subarray(start, start + 4096), false);
      yield* waiting.splice(0);
    }
  }
  push(new Uint8Array(0), true);
  yield* waiting.splice(0);
  if (!isEnded) throw invalid("the archive is truncated");
}
