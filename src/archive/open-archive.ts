import { closeSync, fstatSync, readSync } from "node:fs";
import { escapeControls } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";
import { openPatiently, readPipe } from "../fs/read-pipe.ts";
import type { ArchiveEntry, OnSkip } from "./archive-entry.ts";
import { invalidArchive } from "./archive-errors.ts";
import type { ArchiveSource } from "./archive-source.ts";
import { gunzip } from "./gzip/gunzip.ts";
import { readTar } from "./tar/read-tar.ts";
import { readZip } from "./zip/read-zip.ts";
import { unzstd } from "./zstd/unzstd.ts";

const PIECE_BYTES = 256 * 1024;
const MAGIC_BYTES = 4;
const ZIP_MAGIC = "504b";
const GZIP_MAGIC = "1f8b";
/** A frame, or one to be skipped, with which the output of some programs starts. */
const ZSTD_MAGIC = /^(?:28b52ffd|5.2a4d18)/;
/** Formats that are recognised only to say what to do about them, by the hexadecimal digits they start with. */
const FOREIGN = { "425a68": "bzip2", fd377a58: "xz", "04224d18": "lz4" } as const;

interface ReadOptions {
  readonly isCancelled: () => boolean;
  /** Called for each piece of the archive that was read; it may yield to others. */
  readonly onRead: (bytes: number) => Promise<void>;
  readonly onSkip: OnSkip;
}

/**
 * The entries of an archive, whose format is recognised by its first bytes. A tar may come from a pipe; a zip file
 * has its directory at the end, so it must be a file.
 * @throws BtdtError ARCHIVE_INVALID, SOURCE_UNREADABLE, CANCELLED
 */
export async function* readArchive(
  source: ArchiveSource,
  options: ReadOptions,
): AsyncGenerator<ArchiveEntry, void> {
  try {
    const descriptor = source.kind === "stdin" ? 0 : await openPatiently(source.path, options.isCancelled);
    try {
      if (fstatSync(descriptor).isFile()) yield* readFile(descriptor, options);
      else yield* readStream(descriptor, options);
    } finally {
      if (source.kind === "path") closeSync(descriptor);
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    const name = source.kind === "stdin" ? "standard input" : escapeControls(source.path);
    throw new BtdtError("SOURCE_UNREADABLE", `cannot read ${name}: ${reasonOf(error)}`, {
      path: name,
      cause: error,
    });
  }
}

async function* readFile(
  descriptor: number,
  { onRead, onSkip }: ReadOptions,
): AsyncGenerator<ArchiveEntry, void> {
  const magic = Buffer.alloc(MAGIC_BYTES);
  readSync(descriptor, magic, 0, MAGIC_BYTES, 0);
  if (isZip(magic)) yield* readZip(descriptor, onRead, onSkip);
  else yield* readTarOf(magic, count(readPieces(descriptor), onRead), onSkip);
}

async function* readStream(
  descriptor: number,
  { isCancelled, onRead, onSkip }: ReadOptions,
): AsyncGenerator<ArchiveEntry, void> {
  const rest = readPipe(descriptor, isCancelled);
  let start: Uint8Array = new Uint8Array(0);
  while (start.length < MAGIC_BYTES) {
    const { value, done } = await rest.next();
    if (done === true) break;
    start = Buffer.concat([start, value]);
  }
  if (isZip(start)) {
    throw invalidArchive(
      "a zip file cannot be read from a pipe",
      "save it to a file first, or send a tar, tar.gz or tar.zst",
    );
  }
  yield* readTarOf(start, count(join(start, rest), onRead), onSkip);
}

async function* readTarOf(
  magic: Uint8Array,
  archive: AsyncIterable<Uint8Array>,
  onSkip: OnSkip,
): AsyncGenerator<ArchiveEntry, void> {
  const digits = hexOf(magic);
  for (const [start, name] of Object.entries(FOREIGN)) {
    if (!digits.startsWith(start)) continue;
    throw invalidArchive(
      `the archive is compressed with ${name}, which btdt does not support`,
      `decompress it through a pipe: ${name} -dc FILE | btdt import … -`,
    );
  }
  yield* readTar(decompress(digits, archive), onSkip);
}

function decompress(digits: string, archive: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  if (digits.startsWith(GZIP_MAGIC)) return gunzip(archive);
  return ZSTD_MAGIC.test(digits) ? unzstd(archive) : archive;
}

function isZip(magic: Uint8Array): boolean {
  return hexOf(magic).startsWith(ZIP_MAGIC);
}

function hexOf(magic: Uint8Array): string {
  return magic.subarray(0, MAGIC_BYTES).toHex();
}

function* readPieces(descriptor: number): Generator<Uint8Array, void> {
  for (let offset = 0; ; ) {
    const piece = new Uint8Array(PIECE_BYTES);
    const count = readSync(descriptor, piece, 0, PIECE_BYTES, offset);
    if (count === 0) return;
    offset += count;
    yield piece.subarray(0, count);
  }
}

async function* join(start: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  if (start.length > 0) yield start;
  yield* rest;
}

async function* count(
  archive: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  onRead: ReadOptions["onRead"],
): AsyncGenerator<Uint8Array, void> {
  for await (const piece of archive) {
    await onRead(piece.length);
    yield piece;
  }
}
