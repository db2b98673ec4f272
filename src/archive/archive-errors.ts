import { type ByteString, display } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";

export function invalidArchive(what: string, hint?: string): BtdtError {
  return new BtdtError("ARCHIVE_INVALID", what, hint === undefined ? {} : { hint });
}

/** The bytes are not what the format requires. */
export function damagedArchive(what: string): BtdtError {
  return invalidArchive(`the archive is damaged: ${what}`);
}

export function truncatedArchive(): BtdtError {
  return invalidArchive("the archive is truncated");
}

/** The archive is valid, but contains something that btdt does not store. */
export function refusedEntry(path: ByteString, why: string, hint?: string): BtdtError {
  return invalidArchive(`the archive is rejected: ${display(path)} ${why}`, hint);
}
