import { closeSync, constants } from "node:fs";
import type { ByteString } from "../base/byte-string.ts";
import { mostFileBytes, PREFIX_SIZE_BYTES } from "../base/format/payload-file.ts";
import { openRegularFile, readUpTo, statusOf } from "../fs/regular-file.ts";

/**
 * Reads a manifest or an intent. Of a file that is larger than it states, such as a sparse one, only the beginning is
 * read, which then does not match its digest.
 * @throws a `node:fs` error; EFTYPE if it is not a file
 */
export function readPayloadFile(path: ByteString): Buffer {
  const descriptor = openRegularFile(path, constants.O_RDONLY);
  try {
    const prefix = readUpTo(descriptor, PREFIX_SIZE_BYTES);
    if (prefix.length < PREFIX_SIZE_BYTES) return prefix;
    return readUpTo(descriptor, Math.min(statusOf(descriptor).sizeBytes, mostFileBytes(prefix)));
  } finally {
    closeSync(descriptor);
  }
}
