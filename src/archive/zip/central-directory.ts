import { fstatSync } from "node:fs";
import { type ByteString, bytesFromBuffer } from "../../base/byte-string.ts";
import { damagedArchive, invalidArchive } from "../archive-errors.ts";
import { readAt } from "./read-at.ts";

const END_SIGNATURE = 0x06054b50;
const CENTRAL_SIGNATURE = 0x02014b50;
const END_BYTES = 22;
const CENTRAL_BYTES = 46;
const LONGEST_COMMENT_BYTES = 0xffff;
/** Marks a number that only the 64-bit extension can represent. */
const IN_ZIP64 = 0xffffffff;
/** The directory is read as a whole: this is more than 65,535 files with names of 900 bytes take. */
const LARGEST_DIRECTORY_BYTES = 64 * 1024 * 1024;

/** What the directory says about a member, in the order of section 4.3.12 of PKWARE's APPNOTE. */
export interface ZipMember {
  readonly madeBy: number;
  readonly flags: number;
  readonly method: number;
  /** In DOS format. */
  readonly time: number;
  readonly date: number;
  readonly checksum: number;
  readonly storedBytes: number;
  readonly sizeBytes: number;
  readonly externalAttributes: number;
  readonly localOffset: number;
  readonly name: ByteString;
  readonly extra: Buffer;
}

/**
 * The members of a zip file, from the directory at its end, the only place with modes and symlinks.
 * @throws BtdtError ARCHIVE_INVALID; a `node:fs` error
 */
export function readCentralDirectory(descriptor: number): ZipMember[] {
  const { size } = fstatSync(descriptor);
  const tailStart = Math.max(0, size - END_BYTES - LONGEST_COMMENT_BYTES);
  const end = findEnd(readAt(descriptor, tailStart, size - tailStart));
  const [count, sizeBytes, offset] = [end.readUInt16LE(10), end.readUInt32LE(12), end.readUInt32LE(16)];
  if (offset === IN_ZIP64 || sizeBytes === IN_ZIP64 || count === 0xffff) throw zip64();
  const isSplit = end.readUInt16LE(4) !== 0 || end.readUInt16LE(6) !== 0 || end.readUInt16LE(8) !== count;
  if (isSplit)
    throw invalidArchive("the archive is a part of a zip file that was split, which btdt does not support");
  if (offset + sizeBytes > size) throw damagedArchive("its directory is not where it should be");
  if (sizeBytes > LARGEST_DIRECTORY_BYTES) throw damagedArchive("its directory is too large");
  const members = decodeMembers(readAt(descriptor, offset, sizeBytes));
  if (members.length !== count) throw damagedArchive("its directory is inconsistent");
  return members;
}

/** The record at the end, which a comment of any length may follow. */
function findEnd(tail: Buffer): Buffer {
  for (let start = tail.length - END_BYTES; start >= 0; start--) {
    const isEnd =
      tail.readUInt32LE(start) === END_SIGNATURE &&
      tail.readUInt16LE(start + 20) === tail.length - start - END_BYTES;
    if (isEnd) return tail.subarray(start);
  }
  throw damagedArchive("it has no directory");
}

function decodeMembers(directory: Buffer): ZipMember[] {
  const members: ZipMember[] = [];
  for (let start = 0; start < directory.length; ) {
    if (directory.length - start < CENTRAL_BYTES || directory.readUInt32LE(start) !== CENTRAL_SIGNATURE) {
      throw damagedArchive("its directory is inconsistent");
    }
    const nameEnd = start + CENTRAL_BYTES + directory.readUInt16LE(start + 28);
    const extraEnd = nameEnd + directory.readUInt16LE(start + 30);
    const end = extraEnd + directory.readUInt16LE(start + 32);
    if (end > directory.length) throw damagedArchive("its directory is inconsistent");
    members.push({
      madeBy: directory.readUInt8(start + 5),
      flags: directory.readUInt16LE(start + 8),
      method: directory.readUInt16LE(start + 10),
      time: directory.readUInt16LE(start + 12),
      date: directory.readUInt16LE(start + 14),
      checksum: directory.readUInt32LE(start + 16),
      storedBytes: directory.readUInt32LE(start + 20),
      sizeBytes: directory.readUInt32LE(start + 24),
      externalAttributes: directory.readUInt32LE(start + 38),
      localOffset: directory.readUInt32LE(start + 42),
      name: bytesFromBuffer(directory, start + CENTRAL_BYTES, nameEnd),
      extra: directory.subarray(nameEnd, extraEnd),
    });
    const { storedBytes, sizeBytes, localOffset } = members.at(-1) as ZipMember;
    if ([storedBytes, sizeBytes, localOffset].includes(IN_ZIP64)) throw zip64();
    start = end;
  }
  return members;
}

function zip64() {
  return invalidArchive(
    "the archive is a 64-bit zip file, which btdt does not support",
    "make it a tar or tar.gz",
  );
}
