import type { ByteString } from "../base/byte-string.ts";
import { mostFileBytes, PREFIX_SIZE_BYTES } from "../base/format/payload-file.ts";
import { constants } from "../fs/file-constants.ts";
import { emptyStatus } from "../fs/native/file-status.ts";
import { closeQuickly } from "../fs/native/quick-file.ts";
import { openRegularFile, readUpTo } from "../fs/regular-file.ts";

/** One read is enough for most files. Of a larger one, the prefix comes first: it says how much memory to take. */
const MOST_SMALL_BYTES = 1024 * 1024;

/**
 * Reads a manifest or an intent. Of a file that is larger than it states, such as a sparse one, only the beginning is
 * read, which then does not match its digest.
 * @param status receives the file's
 * @throws a `node:fs` error; EFTYPE if it is not a file
 */
export function readPayloadFile(path: ByteString, status = emptyStatus()): Buffer {
  const descriptor = openRegularFile(path, constants.O_RDONLY, status);
  try {
    const isSmall = status.sizeBytes <= MOST_SMALL_BYTES;
    const first = readUpTo(descriptor, isSmall ? status.sizeBytes : PREFIX_SIZE_BYTES);
    if (first.length < PREFIX_SIZE_BYTES) return first;
    const sizeBytes = Math.min(status.sizeBytes, mostFileBytes(first));
    return sizeBytes <= first.length ? first.subarray(0, sizeBytes) : readUpTo(descriptor, sizeBytes, first);
  } finally {
    closeQuickly(descriptor);
  }
}
