/**
 * Reads zip files with Unix modes and symlinks, as described in PKWARE's APPNOTE, but not the 64-bit extension.
 * Everything that the format can check is checked: CRC-32, sizes, and that headers and directory agree.
 */
import { type ByteString, bytesFromBuffer } from "../../base/byte-string.ts";
import { type ArchiveEntry, EMPTY_BODY, type OnSkip } from "../archive-entry.ts";
import { damagedArchive } from "../archive-errors.ts";
import { readCentralDirectory, type ZipMember } from "./central-directory.ts";
import { readMember } from "./member-content.ts";
import { decodeName } from "./member-name.ts";

const MADE_BY_UNIX = 3;
const FILE_TYPE_MASK = 0o170000;
const LONGEST_TARGET_BYTES = 4096;
/** A header with an empty name precedes each content. */
const SMALLEST_MEMBER_BYTES = 30;

/** @throws BtdtError ARCHIVE_INVALID; a `node:fs` error */
export async function* readZip(
  descriptor: number,
  onRead: (bytes: number) => Promise<void>,
  onSkip: OnSkip = () => undefined,
): AsyncGenerator<ArchiveEntry, void> {
  const members = readCentralDirectory(descriptor);
  assertApart(members);
  for (const member of members) {
    const entry = await readEntry(descriptor, member, onRead);
    if (entry !== undefined) yield entry;
    else onSkip(decodeName(member));
  }
}

/** Members that share content could inflate to any size. */
function assertApart(members: readonly ZipMember[]): void {
  let end = 0;
  for (const member of members.toSorted((one, other) => one.localOffset - other.localOffset)) {
    if (member.localOffset < end) throw damagedArchive("two files overlap");
    end = member.localOffset + SMALLEST_MEMBER_BYTES + member.name.length + member.storedBytes;
  }
}

/** Undefined for what is neither a file, a directory nor a symlink. */
async function readEntry(
  descriptor: number,
  member: ZipMember,
  onRead: (bytes: number) => Promise<void>,
): Promise<ArchiveEntry | undefined> {
  const name = decodeName(member);
  const typeAndMode = member.madeBy === MADE_BY_UNIX ? member.externalAttributes >>> 16 : 0;
  const kind = kindOf(name, typeAndMode & FILE_TYPE_MASK);
  if (kind === undefined) return undefined;
  return {
    path: name.replace(/\/+$/, "") as ByteString,
    kind,
    mode: typeAndMode === 0 ? (kind === "directory" ? 0o755 : 0o644) : typeAndMode & 0o7777,
    mtimeSeconds: dosTime(member.date, member.time),
    mtimeNanoseconds: 0,
    sizeBytes: kind === "file" ? member.sizeBytes : 0,
    target: kind === "symlink" ? await readTarget(descriptor, member) : ("" as ByteString),
    body: kind === "file" ? readCounted(descriptor, member, onRead) : EMPTY_BODY,
  };
}

function kindOf(name: ByteString, type: number): "file" | "directory" | "symlink" | undefined {
  if (name.endsWith("/") || type === 0o040000) return "directory";
  if (type === 0o120000) return "symlink";
  return type === 0 || type === 0o100000 ? "file" : undefined;
}

async function readTarget(descriptor: number, member: ZipMember): Promise<ByteString> {
  if (member.sizeBytes > LONGEST_TARGET_BYTES) throw damagedArchive("a symlink is too long");
  const parts: Uint8Array[] = [];
  for await (const piece of readMember(descriptor, member)) parts.push(piece);
  return bytesFromBuffer(Buffer.concat(parts));
}

/** Reports how much of the archive was read, while it returns what that inflates to. */
async function* readCounted(
  descriptor: number,
  member: ZipMember,
  onRead: (bytes: number) => Promise<void>,
): AsyncGenerator<Uint8Array, void> {
  const ratio = member.sizeBytes === 0 ? 0 : member.storedBytes / member.sizeBytes;
  for await (const piece of readMember(descriptor, member)) {
    await onRead(Math.round(piece.length * ratio));
    yield piece;
  }
}

/** Times in a zip file have no zone; they are read, and written by `export`, as local time. */
function dosTime(date: number, time: number): number {
  const [year, month, day] = [1980 + (date >> 9), ((date >> 5) & 15) - 1, date & 31];
  const local = new Date(year, month, day, time >> 11, (time >> 5) & 63, (time & 31) * 2);
  return Math.floor(local.getTime() / 1000);
}
