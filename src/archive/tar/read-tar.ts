/**
 * Reads tar archives: v7, ustar, pax, GNU tar and star. Names are bytes; those that are not UTF-8 are preserved. The
 * formats are described in POSIX.1-2017 (`pax`, "EXTENDED DESCRIPTION") and in the manual of GNU tar ("Tar
 * Internals").
 */
import type { ByteString } from "../../base/byte-string.ts";
import { type ArchiveEntry, EMPTY_BODY, type OnSkip } from "../archive-entry.ts";
import { damagedArchive, invalidArchive, refusedEntry, truncatedArchive } from "../archive-errors.ts";
import { ByteReader } from "./byte-reader.ts";
import { Extensions, isExtension, LARGEST_EXTENSION_BYTES, type TarMember } from "./extensions.ts";
import { BLOCK_BYTES, decodeHeader, type TarHeader, TypeFlag } from "./header.ts";

const PIECE_BYTES = 256 * 1024;

/**
 * Reads to the end of the stream, so that checks of the whole stream take place. @throws BtdtError ARCHIVE_INVALID
 */
export async function* readTar(
  pieces: AsyncIterable<Uint8Array>,
  onSkip: OnSkip = () => undefined,
): AsyncGenerator<ArchiveEntry, void> {
  const reader = new ByteReader(pieces);
  const extensions = new Extensions();
  for (let isFirst = true; ; isFirst = false) {
    const block = await reader.read(BLOCK_BYTES);
    if (block === undefined) throw isFirst ? invalidArchive("the archive is empty") : truncatedArchive();
    if (isZero(block)) {
      if (extensions.isPending) throw damagedArchive("an extended header has no file");
      await assertEnd(reader);
      return;
    }
    const header = isFirst ? decodeFirstHeader(block) : decodeHeader(block);
    if (header.sizeBytes < 0) throw damagedArchive("a file has a negative size");
    if (isExtension(header.type)) {
      extensions.take(header.type, await readExtension(reader, header.sizeBytes));
      continue;
    }
    const member = extensions.apply(header);
    const kind = kindOf(member);
    if (isSpecial(member)) onSkip(member.name);
    const body = new Body(reader, hasBody(member, kind) ? member.sizeBytes : 0);
    if (kind !== undefined) yield entryOf(member, kind, body);
    await body.skip();
  }
}

/** The content of one member, and the zeros that fill its last block. */
class Body {
  readonly #reader: ByteReader;
  readonly #paddingBytes: number;
  #restBytes: number;

  constructor(reader: ByteReader, sizeBytes: number) {
    this.#reader = reader;
    this.#restBytes = sizeBytes;
    this.#paddingBytes = paddingOf(sizeBytes);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    while (this.#restBytes > 0) {
      const piece = await this.#reader.readSome(Math.min(this.#restBytes, PIECE_BYTES));
      if (piece === undefined) throw truncatedArchive();
      this.#restBytes -= piece.length;
      yield piece;
    }
  }

  async skip(): Promise<void> {
    for await (const _ of this);
    if (this.#paddingBytes > 0 && (await this.#reader.read(this.#paddingBytes)) === undefined) {
      throw truncatedArchive();
    }
  }
}

function decodeFirstHeader(block: Uint8Array): TarHeader {
  try {
    return decodeHeader(block);
  } catch {
    throw invalidArchive("the archive is not a tar, tar.gz, tar.zst or zip file, or is damaged");
  }
}

async function readExtension(reader: ByteReader, sizeBytes: number): Promise<Uint8Array> {
  if (sizeBytes > LARGEST_EXTENSION_BYTES) throw damagedArchive("an extended header is too large");
  if (sizeBytes === 0) return new Uint8Array(0);
  const bytes = await reader.read(sizeBytes + paddingOf(sizeBytes));
  if (bytes === undefined) throw truncatedArchive();
  return bytes.subarray(0, sizeBytes);
}

/**
 * Two blocks of zeros end an archive, followed by whatever fills the last record. A stream may end after the first
 * one. Another archive after the end would be lost silently.
 */
async function assertEnd(reader: ByteReader): Promise<void> {
  for (;;) {
    const piece = await reader.readSome(PIECE_BYTES);
    if (piece === undefined) return;
    if (!isZero(piece)) throw damagedArchive("it is followed by other data");
  }
}

/** Undefined for headers that do not describe a file. @throws BtdtError ARCHIVE_INVALID */
function kindOf({ type, name, sizeBytes }: TarMember): ArchiveEntry["kind"] | undefined {
  switch (type) {
    case TypeFlag.FILE:
    case TypeFlag.OLD_FILE:
    case TypeFlag.CONTIGUOUS_FILE:
      // Before POSIX, a directory was a file with such a name.
      return name.endsWith("/") ? "directory" : "file";
    case TypeFlag.HARD_LINK:
      if (sizeBytes > 0) throw refusedEntry(name, "is a hard link with its own content");
      return "hardlink";
    case TypeFlag.SYMLINK:
      return "symlink";
    case TypeFlag.DIRECTORY:
      return "directory";
    case TypeFlag.GNU_VOLUME:
    case TypeFlag.CHARACTER_DEVICE:
    case TypeFlag.BLOCK_DEVICE:
    case TypeFlag.PIPE:
      return undefined;
    default:
      throw refusedEntry(name, `is of the type ${JSON.stringify(type)}, which btdt does not support`);
  }
}

function isSpecial({ type }: TarMember): boolean {
  return type === TypeFlag.CHARACTER_DEVICE || type === TypeFlag.BLOCK_DEVICE || type === TypeFlag.PIPE;
}

/** A directory may state how much room to reserve; for a symlink, old programs state the size of the target. */
function hasBody(member: TarMember, kind: ArchiveEntry["kind"] | undefined): boolean {
  const { type } = member;
  if (isSpecial(member)) return false;
  return kind === "file" || kind === undefined || (kind === "directory" && type !== TypeFlag.DIRECTORY);
}

function entryOf(member: TarMember, kind: ArchiveEntry["kind"], body: Body): ArchiveEntry {
  return {
    path: member.name.replace(/\/+$/, "") as ByteString,
    kind,
    mode: member.mode & 0o7777,
    mtimeSeconds: member.mtimeSeconds,
    mtimeNanoseconds: member.mtimeNanoseconds,
    sizeBytes: kind === "file" ? member.sizeBytes : 0,
    target: member.linkName,
    body: kind === "file" ? body : EMPTY_BODY,
  };
}

function paddingOf(sizeBytes: number): number {
  return (BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES;
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}
