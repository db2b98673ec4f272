import { CHUNK_SIZE_BYTES, chunkCount, DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { BtdtError } from "../base/errors.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { closeQuickly } from "../fs/native/quick-file.ts";
import { nodeFs } from "../fs/node-fs.ts";
import type { Job } from "../work/job.ts";
import { createStopCheck } from "../work/stop-check.ts";
import { hashMapped } from "./hash-mapped.ts";
import type { LargeFile } from "./large-file.ts";
import { assertUnchanged, changedWhileRead, openSource, unreadable } from "./open-source.ts";

/**
 * How much of a file one job hashes: little enough for the workers to finish together, and for a lease (see
 * FileMapping) to be held for only about 20 milliseconds; enough for the page tables, which are created for each
 * span, to cost little.
 */
export const SPAN_SIZE_BYTES = 8 * CHUNK_SIZE_BYTES;

/** Fits into the processor's cache, unlike a whole chunk. */
const READ_SIZE_BYTES = 256 * 1024;

export interface HashSpanInput extends LargeFile {
  /** A multiple of the size of a chunk; the span ends at the next multiple of SPAN_SIZE_BYTES. */
  readonly startBytes: number;
}

/**
 * Hashes the chunks in one span of a large file; returns their digests, 32 bytes each. Where reading takes long, these
 * are only the first ones, and another job hashes the rest.
 * @throws BtdtError SOURCE_CHANGED, SOURCE_UNREADABLE, CANCELLED
 */
export const hashSpanJob: Job<HashSpanInput, Uint8Array> = {
  name: "hash-span",
  isHeavy: true,
  run(input, context) {
    const path = scratchPath.set(input.path);
    const descriptor = openSource(path);
    try {
      assertUnchanged(descriptor, input, path);
      const digests = hashSpan(
        descriptor,
        input,
        path,
        createStopCheck(context, "stopped before a file was hashed"),
      );
      assertUnchanged(descriptor, input, path);
      return digests;
    } catch (error) {
      throw error instanceof BtdtError ? error : unreadable(path, error);
    } finally {
      closeQuickly(descriptor);
    }
  },
  workOf: ({ sizeBytes, startBytes }, digests) => {
    const chunkBytes = (digests.length / DIGEST_SIZE_BYTES) * CHUNK_SIZE_BYTES;
    return { bytes: Math.min(chunkBytes, sizeBytes - startBytes) };
  },
};

const scratchPath = new PathBuffer();
let readBuffer: Uint8Array | undefined;

function hashSpan(
  descriptor: number,
  { startBytes, sizeBytes }: HashSpanInput,
  path: PathBuffer,
  hasEnough: () => boolean,
): Uint8Array {
  const endBytes = (Math.floor(startBytes / SPAN_SIZE_BYTES) + 1) * SPAN_SIZE_BYTES;
  const lengthBytes = Math.min(endBytes, sizeBytes) - startBytes;
  const digests = new Uint8Array(chunkCount(lengthBytes) * DIGEST_SIZE_BYTES);
  // A file is mapped only where reading takes an instant.
  if (hashMapped(descriptor, startBytes, lengthBytes, digests)) return digests;
  return hashRead(descriptor, startBytes, lengthBytes, digests, path, hasEnough);
}

function hashRead(
  descriptor: number,
  startBytes: number,
  lengthBytes: number,
  digests: Uint8Array,
  path: PathBuffer,
  hasEnough: () => boolean,
): Uint8Array {
  // Not before it is needed: all of it is cleared.
  readBuffer ??= new Uint8Array(READ_SIZE_BYTES);
  let chunk = new Bun.SHA256();
  for (let done = 0; done < lengthBytes; ) {
    const chunkEnd = Math.min((Math.floor(done / CHUNK_SIZE_BYTES) + 1) * CHUNK_SIZE_BYTES, lengthBytes);
    const count = nodeFs().readSync(
      descriptor,
      readBuffer,
      0,
      Math.min(READ_SIZE_BYTES, chunkEnd - done),
      startBytes + done,
    );
    if (count === 0) throw changedWhileRead(path);
    chunk.update(readBuffer.subarray(0, count));
    done += count;
    if (done === chunkEnd) {
      const index = Math.ceil(done / CHUNK_SIZE_BYTES) - 1;
      const digestEnd = (index + 1) * DIGEST_SIZE_BYTES;
      chunk.digest(digests.subarray(digestEnd - DIGEST_SIZE_BYTES, digestEnd));
      chunk = new Bun.SHA256();
      if (hasEnough()) return digests.slice(0, digestEnd);
    }
  }
  return digests;
}
