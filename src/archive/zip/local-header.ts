import { bytesFromBuffer } from "../../base/byte-string.ts";
import { damagedArchive } from "../archive-errors.ts";
import type { ZipMember } from "./central-directory.ts";
import { readAt } from "./read-at.ts";

const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_BYTES = 30;
/** Checksum and sizes follow the content. */
const SIZES_FOLLOW_FLAG = 8;

/**
 * The offset of a member's content. The header before it repeats the directory: if they differ, one of them is
 * damaged.
 * @throws BtdtError ARCHIVE_INVALID; a `node:fs` error
 */
export function skipLocalHeader(descriptor: number, member: ZipMember): number {
  const local = readAt(descriptor, member.localOffset, LOCAL_BYTES);
  if (local.readUInt32LE(0) !== LOCAL_SIGNATURE) throw damagedArchive("a file is not where it should be");
  const [nameBytes, extraBytes] = [local.readUInt16LE(26), local.readUInt16LE(28)];
  const nameStart = member.localOffset + LOCAL_BYTES;
  const name = bytesFromBuffer(readAt(descriptor, nameStart, nameBytes));
  const sizesFollow = (local.readUInt16LE(6) & SIZES_FOLLOW_FLAG) !== 0;
  const isSame =
    name === member.name &&
    local.readUInt16LE(8) === member.method &&
    local.readUInt16LE(10) === member.time &&
    local.readUInt16LE(12) === member.date &&
    (sizesFollow ||
      (local.readUInt32LE(14) === member.checksum &&
        local.readUInt32LE(18) === member.storedBytes &&
        local.readUInt32LE(22) === member.sizeBytes));
  if (!isSame) throw damagedArchive("a file's header and its directory contradict each other");
  return nameStart + nameBytes + extraBytes;
}
