import { readFullyAt } from "../../fs/positioned-io.ts";
import { truncatedArchive } from "../archive-errors.ts";

/** A part of a file. @throws BtdtError ARCHIVE_INVALID when the file ends before it; a `node:fs` error */
export function readAt(descriptor: number, offset: number, lengthBytes: number): Buffer {
  const bytes = Buffer.alloc(lengthBytes);
  if (!readFullyAt(descriptor, bytes, offset)) throw truncatedArchive();
  return bytes;
}
