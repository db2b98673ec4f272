import { compileLightly } from "../base/compile-lightly.ts";
import { CHUNK_SIZE_BYTES, chunkCount, DIGEST_SIZE_BYTES, digestOfChunks } from "../base/digest.ts";
import { BtdtError } from "../base/errors.ts";
import type { FileAttributes } from "../fs/file-attributes.ts";
import { emptyStatus } from "../fs/native/file-status.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import type { JobContext } from "../work/job.ts";
import { hashSmallFile } from "./hash-small-file.ts";
import { hashSpanJob, SPAN_SIZE_BYTES } from "./hash-span.ts";

const status = emptyStatus();
const digest = new Uint8Array(DIGEST_SIZE_BYTES);

/**
 * Whether a file's bytes match a digest, by hashing them in this thread.
 * @param attributes its size and time a moment ago
 * @param digests the expected digest is at `offset`
 * @throws BtdtError SOURCE_CHANGED if they have changed, SOURCE_UNREADABLE, CANCELLED
 */
export function hasContent(
  path: PathBuffer,
  { sizeBytes, mtimeSeconds, mtimeNanoseconds }: Omit<FileAttributes, "mode">,
  digests: Uint8Array,
  offset: number,
  context: JobContext,
): boolean {
  const expected = digests.subarray(offset, offset + DIGEST_SIZE_BYTES);
  if (sizeBytes <= CHUNK_SIZE_BYTES) {
    return hashSmallFile(path, status, digest, 0) === "hashed" && Buffer.compare(digest, expected) === 0;
  }
  const chunkDigests = new Uint8Array(chunkCount(sizeBytes) * DIGEST_SIZE_BYTES);
  const large = { path: path.toBytes(), sizeBytes, mtimeSeconds, mtimeNanoseconds };
  for (let startBytes = 0; startBytes < sizeBytes; startBytes += SPAN_SIZE_BYTES) {
    if (context.isCancelled()) throw new BtdtError("CANCELLED", "cancelled before a file was hashed");
    const span = hashSpanJob.run(
      { ...large, startBytes },
      { isCancelled: () => context.isCancelled(), isOverdue: () => false, mayTakeLong: true },
    );
    chunkDigests.set(span, chunkCount(startBytes) * DIGEST_SIZE_BYTES);
  }
  return Buffer.compare(digestOfChunks(sizeBytes, chunkDigests), expected) === 0;
}

compileLightly(hasContent);
