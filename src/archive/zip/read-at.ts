import { readFullyAt } from "../../fs/positioned-io.ts";
import { truncatedArchive } from "../archive-errors.ts";

/** Part of a file. @throws BtdtError ARCHIVE_INVALID if the file ends earlier; a `node:fs` error */
export function readAt(descriptor: number, offset: number, lengthBytes: number): Buffer {
  const bytes = Buffer.alloc(lengthBytes);
  if (!readFullyAt(descriptor, bytes, offset)) throw truncatedArchive();
  return bytes;
}
