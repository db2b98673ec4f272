import { closeSync, readSync } from "node:fs";
import type { ByteString } from "../base/byte-string.ts";
import { CHUNK_SIZE_BYTES, chunkCount, DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { BtdtError } from "../base/errors.ts";
import { FileMapping } from "../fs/native/file-mapping.ts";
import { emptyStatus, fstat } from "../fs/native/file-status.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import type { Job } from "../work/job.ts";
import { changedWhileRead, openForHashing, unreadable } from "./hash-small-file.ts";

/**
 * How much of a file one job hashes: little enough that the workers end together and that a lease (see FileMapping) is
 * held for some 20 milliseconds; enough for the page tables, which are made and taken down for each, to cost little.
 */
export const SPAN_SIZE_BYTES = 8 * CHUNK_SIZE_BYTES;

/** Stays in the processor's cache, where a whole chunk would not. */
const READ_SIZE_BYTES = 256 * 1024;

/** How far ahead of the hashing mapped pages are touched. */
const TOUCHED_SIZE_BYTES = 128 * 1024;
const PAGE_SIZE_BYTES = 4096;

export interface HashSpanInput {
  readonly path: ByteString;
  /** What the file was when it was found; anything else now is an error. */
  readonly sizeBytes: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
  /** A multiple of SPAN_SIZE_BYTES. */
  readonly startBytes: number;
}

/** Hashes the chunks of one span of a large file; answers their digests, 32 bytes each. */
export const hashSpanJob: Job<HashSpanInput, Uint8Array> = {
  name: "hash-span",
  run(input) {
    const path = scratchPath.set(input.path);
    const descriptor = openForHashing(path);
    try {
      assertSpanUnchanged(descriptor, input, path);
      const digests = hashSpan(descriptor, input, path);
      assertSpanUnchanged(descriptor, input, path);
      return digests;
    } catch (error) {
      throw error instanceof BtdtError ? error : unreadable(path, error);
    } finally {
      closeSync(descriptor);
    }
  },
  workOf: ({ sizeBytes, startBytes }) => ({ bytes: Math.min(SPAN_SIZE_BYTES, sizeBytes - startBytes) }),
};

const scratchPath = new PathBuffer();
const status = emptyStatus();
const readBuffer = new Uint8Array(READ_SIZE_BYTES);

/** @throws BtdtError SOURCE_CHANGED */
export function assertSpanUnchanged(descriptor: number, input: HashSpanInput, path: PathBuffer): void {
  fstat(descriptor, status);
  if (
    status.kind !== "file" ||
    status.sizeBytes !== input.sizeBytes ||
    status.mtimeSeconds !== input.mtimeSeconds ||
    status.mtimeNanoseconds !== input.mtimeNanoseconds
  ) {
    throw changedWhileRead(path);
  }
}

/**
 * A mapped span costs no copy, and with `touchPages` that shows. Where mapping is not safe (see FileMapping), the span
 * is read.
 */
function hashSpan(descriptor: number, input: HashSpanInput, path: PathBuffer): Uint8Array {
  const { startBytes } = input;
  const lengthBytes = Math.min(SPAN_SIZE_BYTES, input.sizeBytes - startBytes);
  const digests = new Uint8Array(chunkCount(lengthBytes) * DIGEST_SIZE_BYTES);
  if (!hashMapped(descriptor, startBytes, lengthBytes, digests)) {
    hashRead(descriptor, startBytes, lengthBytes, digests, path);
  }
  return digests;
}

function hashMapped(
  descriptor: number,
  startBytes: number,
  lengthBytes: number,
  digests: Uint8Array,
): boolean {
  const mapping = FileMapping.tryOpen(descriptor, startBytes, lengthBytes);
  if (mapping === undefined) return false;
  try {
    for (let chunk = 0; chunk * CHUNK_SIZE_BYTES < lengthBytes; chunk++) {
      const start = chunk * CHUNK_SIZE_BYTES;
      const content = mapping.bytes.subarray(start, Math.min(start + CHUNK_SIZE_BYTES, lengthBytes));
      const hasher = new Bun.SHA256();
      for (let done = 0; done < content.length; done += TOUCHED_SIZE_BYTES) {
        const part = content.subarray(done, done + TOUCHED_SIZE_BYTES);
        touchPages(part);
        hasher.update(part);
      }
      hasher.digest(digests.subarray(chunk * DIGEST_SIZE_BYTES, (chunk + 1) * DIGEST_SIZE_BYTES));
    }
    return true;
  } finally {
    mapping.close();
  }
}

let touchedSum = 0;

/**
 * Hashing takes the bytes one after the other and stands still at each page until its address is translated and its
 * first bytes are here; processors prefetch within a page only. One byte of each page, asked for all at
 * once, lets these waits overlap: it saves a third of the time that hashing mapped bytes takes. The sum is kept so that
 * the reads are not optimised away.
 */
function touchPages(bytes: Uint8Array): void {
  let sum = touchedSum;
  for (let offset = 0; offset < bytes.length; offset += PAGE_SIZE_BYTES) sum ^= bytes[offset] ?? 0;
  touchedSum = sum;
}

function hashRead(
  descriptor: number,
  startBytes: number,
  lengthBytes: number,
  digests: Uint8Array,
  path: PathBuffer,
): void {
  let chunk = new Bun.SHA256();
  for (let done = 0; done < lengthBytes; ) {
    const chunkEnd = Math.min((Math.floor(done / CHUNK_SIZE_BYTES) + 1) * CHUNK_SIZE_BYTES, lengthBytes);
    const count = readSync(
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
      chunk.digest(digests.subarray(index * DIGEST_SIZE_BYTES, (index + 1) * DIGEST_SIZE_BYTES));
      chunk = new Bun.SHA256();
    }
  }
}
