import { type ByteString, bytesFromBuffer, isUtf8 } from "../../base/byte-string.ts";
import { damagedArchive, refusedEntry } from "../archive-errors.ts";
import type { ZipMember } from "./central-directory.ts";

const UTF8_FLAG = 0x800;
/** Info-ZIP's extra field with a UTF-8 name: APPNOTE, 4.6.9. */
const UNICODE_PATH = 0x7075;
// oxlint-disable-next-line no-control-regex -- the complement of ASCII is the point
const NON_ASCII = /[^\x00-\x7f]/;

/**
 * A member's name as UTF-8. Without a flag or an extra field, it is in code page 437 by the standard, and in the
 * creator's locale in practice: it is rejected rather than misread.
 * @throws BtdtError ARCHIVE_INVALID
 */
export function decodeName(member: ZipMember): ByteString {
  const { name, flags } = member;
  if (!NON_ASCII.test(name)) return name;
  if ((flags & UTF8_FLAG) !== 0) {
    if (isUtf8(name)) return name;
    throw damagedArchive("a name is marked as UTF-8, but is not");
  }
  const unicode = unicodePathOf(member);
  if (unicode !== undefined) return unicode;
  throw refusedEntry(
    name,
    "has a name in an unknown encoding",
    "make it a tar, or a zip file with names in UTF-8",
  );
}

function unicodePathOf({ extra, name }: ZipMember): ByteString | undefined {
  for (let start = 0; start + 4 <= extra.length; ) {
    const end = start + 4 + extra.readUInt16LE(start + 2);
    if (end > extra.length) return undefined;
    if (extra.readUInt16LE(start) === UNICODE_PATH && end - start >= 9 && extra[start + 4] === 1) {
      const unicode = bytesFromBuffer(extra, start + 9, end);
      // It applies only to the name that it was created for.
      const isOfName = extra.readUInt32LE(start + 5) === Bun.hash.crc32(Buffer.from(name, "latin1"));
      return isOfName && isUtf8(unicode) ? unicode : undefined;
    }
    start = end;
  }
  return undefined;
}
