import { CHUNK_SIZE_BYTES, chunkCount, DIGEST_SIZE_BYTES, digestOfChunks } from "../base/digest.ts";
import type { Runner } from "../work/job.ts";
import { hashSpanJob, SPAN_SIZE_BYTES } from "./hash-span.ts";
import type { LargeFile } from "./large-file.ts";

/**
 * Hashes a file larger than one chunk, its spans in parallel.
 * @throws BtdtError SOURCE_CHANGED, SOURCE_UNREADABLE, CANCELLED
 */
export async function hashLargeFile(runner: Runner, file: LargeFile): Promise<Uint8Array> {
  const digests = new Uint8Array(chunkCount(file.sizeBytes) * DIGEST_SIZE_BYTES);
  const hashSpan = async (firstBytes: number): Promise<void> => {
    const endBytes = Math.min(firstBytes + SPAN_SIZE_BYTES, file.sizeBytes);
    for (let startBytes = firstBytes; startBytes < endBytes; ) {
      const found = await runner.run(hashSpanJob, { ...file, startBytes });
      digests.set(found, chunkCount(startBytes) * DIGEST_SIZE_BYTES);
      startBytes += (found.length / DIGEST_SIZE_BYTES) * CHUNK_SIZE_BYTES;
    }
  };
  const spans: Promise<void>[] = [];
  for (let startBytes = 0; startBytes < file.sizeBytes; startBytes += SPAN_SIZE_BYTES) {
    spans.push(hashSpan(startBytes));
  }
  await Promise.all(spans);
  return digestOfChunks(file.sizeBytes, digests);
}
