import { fstatSync, readSync } from "node:fs";
import { Inflate } from "fflate";
import { type ByteString, bytesFromBuffer } from "../../base/byte-string.ts";
import type { ArchiveEntry } from "./archive-entry.ts";
import { invalid } from "./archive-text.ts";

const END_SIGNATURE = 0x06054b50;
const CENTRAL_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_BYTES = 22;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
const LONGEST_COMMENT_BYTES = 0xffff;
const MADE_BY_UNIX = 3;
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED_FLAG = 1;
const PIECE_BYTES = 64 * 1024;
const FILE_TYPE_MASK = 0o170000;
const LONGEST_TARGET_BYTES = 4096;

/**
 * Reads a zip file by its central directory, which alone tells modes and symlinks. Its 64-bit extension is not read.
 * @throws BtdtError ARCHIVE_INVALID
 */
export async function* readZip(
  descriptor: number,
  onRead: (bytes: number) => Promise<void>,
): AsyncGenerator<ArchiveEntry, void> {
  const directory = readCentralDirectory(descriptor);
  for (let offset = 0; offset < directory.length; ) {
    if (directory.length - offset < CENTRAL_BYTES || directory.readUInt32LE(offset) !== CENTRAL_SIGNATURE) {
      throw damaged("its directory does not add up");
    }
    const nameBytes = directory.readUInt16LE(offset + 28);
    const end =
      offset +
      CENTRAL_BYTES +
      nameBytes +
      directory.readUInt16LE(offset + 30) +
      directory.readUInt16LE(offset + 32);
    if (end > directory.length) throw damaged("its directory does not add up");
    yield entryAt(descriptor, directory, offset, nameBytes, onRead);
    offset = end;
  }
}

function readCentralDirectory(descriptor: number): Buffer {
  const { size } = fstatSync(descriptor);
  const tail = readAt(
    descriptor,
    Math.max(0, size - END_BYTES - LONGEST_COMMENT_BYTES),
    Math.min(size, END_BYTES + LONGEST_COMMENT_BYTES),
  );
  for (let end = tail.length - END_BYTES; end >= 0; end--) {
    if (tail.readUInt32LE(end) !== END_SIGNATURE) continue;
    const sizeBytes = tail.readUInt32LE(end + 12);
    const offset = tail.readUInt32LE(end + 16);
    if (offset + sizeBytes > size || offset === 0xffffffff)
      throw damaged("its directory is not where it should be");
    return readAt(descriptor, offset, sizeBytes);
  }
  throw damaged("it has no directory");
}

function entryAt(
  descriptor: number,
  directory: Buffer,
  offset: number,
  nameBytes: number,
  onRead: (bytes: number) => Promise<void>,
): ArchiveEntry {
  const name = bytesFromBuffer(directory, offset + CENTRAL_BYTES, offset + CENTRAL_BYTES + nameBytes);
  const isUnix = directory.readUInt8(offset + 5) === MADE_BY_UNIX;
  const typeAndMode = isUnix ? directory.readUInt16LE(offset + 40) : 0;
  const kind = kindOf(name, typeAndMode & FILE_TYPE_MASK);
  const sizeBytes = directory.readUInt32LE(offset + 24);
  const storedBytes = directory.readUInt32LE(offset + 20);
  const body = contentOf(descriptor, {
    flags: directory.readUInt16LE(offset + 8),
    method: directory.readUInt16LE(offset + 10),
    checksum: directory.readUInt32LE(offset + 16),
    storedBytes,
    sizeBytes,
    localOffset: directory.readUInt32LE(offset + 42),
  });
  let target = "" as ByteString;
  if (kind === "symlink") {
    if (sizeBytes > LONGEST_TARGET_BYTES) throw damaged("a symlink is too long");
    const parts: Uint8Array[] = [];
    for (const piece of body) parts.push(piece.slice());
    target = bytesFromBuffer(Buffer.concat(parts));
  }
  return {
    path: name.replace(/\/+$/, "") as ByteString,
    kind,
    mode: typeAndMode === 0 ? (kind === "directory" ? 0o755 : 0o644) : typeAndMode & 0o7777,
    mtimeSeconds: dosTime(directory.readUInt16LE(offset + 14), directory.readUInt16LE(offset + 12)),
    mtimeNanoseconds: 0,
    sizeBytes: kind === "file" ? sizeBytes : 0,
    target,
    body: counted(kind === "file" ? body : [], sizeBytes === 0 ? 0 : storedBytes / sizeBytes, onRead),
  };
}

function kindOf(name: ByteString, type: number): "file" | "directory" | "symlink" {
  if (name.endsWith("/") || type === 0o040000) return "directory";
  if (type === 0o120000) return "symlink";
  if (type === 0 || type === 0o100000) return "file";
  throw invalid("the archive has a device, pipe or socket in it, which a cache does not keep");
}

interface StoredContent {
  readonly flags: number;
  readonly method: number;
  readonly checksum: number;
  readonly storedBytes: number;
  readonly sizeBytes: number;
  readonly localOffset: number;
}

/** Never gives out more than the stated size. */
function* contentOf(descriptor: number, content: StoredContent): Generator<Uint8Array, void> {
  const { flags, method, storedBytes, sizeBytes, localOffset } = content;
  if ((flags & ENCRYPTED_FLAG) !== 0) throw invalid("the archive is encrypted");
  if (method !== STORED && method !== DEFLATED)
    throw invalid(`the archive has an unknown compression (${method})`);
  if ([storedBytes, sizeBytes, localOffset].includes(0xffffffff)) {
    throw invalid("the archive is a 64-bit zip file, which is not read", "make a tar or tar.gz of it");
  }
  const local = readAt(descriptor, localOffset, LOCAL_BYTES);
  if (local.readUInt32LE(0) !== LOCAL_SIGNATURE) throw damaged("a file is not where it should be");
  const start = localOffset + LOCAL_BYTES + local.readUInt16LE(26) + local.readUInt16LE(28);
  let checksum = 0;
  let doneBytes = 0;
  const waiting: Uint8Array[] = [];
  const inflate = new Inflate((bytes) => waiting.push(bytes));
  for (let offset = 0; offset < storedBytes; offset += PIECE_BYTES) {
    const stored = readAt(descriptor, start + offset, Math.min(PIECE_BYTES, storedBytes - offset));
    if (method === STORED) waiting.push(stored);
    else {
      try {
        inflate.push(stored, offset + PIECE_BYTES >= storedBytes);
      } catch {
        throw damaged("a file does not decompress");
      }
    }
    for (const piece of waiting.splice(0)) {
      doneBytes += piece.length;
      if (doneBytes > sizeBytes) throw damaged("a file is larger than it states");
      checksum = Bun.hash.crc32(piece, checksum);
      yield piece;
    }
  }
  if (doneBytes !== sizeBytes || checksum !== content.checksum) throw damaged("a file is not what it states");
}

/** @param ratio how many bytes of the archive one of the content stands for */
async function* counted(
  pieces: Iterable<Uint8Array>,
  ratio: number,
  onRead: (bytes: number) => Promise<void>,
): AsyncGenerator<Uint8Array, void> {
  for (const piece of pieces) {
    await onRead(Math.round(piece.length * ratio));
    yield piece;
  }
}

function readAt(descriptor: number, offset: number, lengthBytes: number): Buffer {
  const bytes = Buffer.alloc(lengthBytes);
  for (let done = 0; done < lengthBytes; ) {
    const count = readSync(descriptor, bytes, done, lengthBytes - done, offset + done);
    if (count === 0) throw damaged("it is truncated");
    done += count;
  }
  return bytes;
}

/** A zip file's times have no zone; they are taken, and by `export` given, as local time. */
function dosTime(date: number, time: number): number {
  const [year, month, day] = [1980 + (date >> 9), ((date >> 5) & 15) - 1, date & 31];
  return Math.floor(
    new Date(year, month, day, time >> 11, (time >> 5) & 63, (time & 31) * 2).getTime() / 1000,
  );
}

function damaged(what: string) {
  return invalid(`the archive is damaged: ${what}`);
}
