import { closeSync, readSync } from "node:fs";
import { CHUNK_SIZE_BYTES, chunkCount, DIGEST_SIZE_BYTES } from "../../base/digest.ts";
import { BtdtError } from "../../base/errors.ts";
import { PathBuffer } from "../../fs/native/path-buffer.ts";
import type { LargeFile } from "../../read/large-file.ts";
import { assertUnchanged, changedWhileRead, openSource, unreadable } from "../../read/open-source.ts";
import type { Job } from "../../work/job.ts";
import { findContent, NOT_FOUND } from "../contents/content-table.ts";
import { BlockWriter, type PackedBlock, type PackTarget } from "./block-writer.ts";
import { claimContent } from "./content-claims.ts";
import type { HeldContents } from "./held-contents.ts";

/** How much of a large file one job packs: its compression is what takes time. */
export const PACK_SPAN_BYTES = 2 * CHUNK_SIZE_BYTES;

export interface PackSpanInput extends LargeFile {
  /** A multiple of PACK_SPAN_BYTES. */
  readonly startBytes: number;
  readonly target: PackTarget;
  readonly held: HeldContents;
}

export interface PackedSpan {
  /** Of the span's chunks, 32 bytes each. */
  readonly digests: Uint8Array;
  readonly blocks: readonly PackedBlock[];
}

const path = new PathBuffer();

/**
 * Hashes the chunks in one span of a large file, and packs those that the cache does not have.
 * @throws BtdtError SOURCE_CHANGED, SOURCE_UNREADABLE, CANCELLED; a `node:fs` error: the pack cannot be written
 */
export const packSpanJob: Job<PackSpanInput, PackedSpan> = {
  name: "pack-span",
  isHeavy: true,
  run(input, context) {
    const { startBytes, sizeBytes, held } = input;
    const endBytes = Math.min(startBytes + PACK_SPAN_BYTES, sizeBytes);
    const digests = new Uint8Array(chunkCount(endBytes - startBytes) * DIGEST_SIZE_BYTES);
    const writer = new BlockWriter(input.target);
    path.set(input.path);
    const descriptor = openSource(path);
    try {
      reading(() => assertUnchanged(descriptor, input, path));
      for (let start = startBytes; start < endBytes; start += CHUNK_SIZE_BYTES) {
        if (context.isCancelled() || Atomics.load(held.stopFlag, 0) !== 0) {
          throw new BtdtError("CANCELLED", "stopped before the file was packed");
        }
        const chunkBytes = Math.min(CHUNK_SIZE_BYTES, endBytes - start);
        reading(() => readFully(descriptor, writer.buffer.bytes.subarray(0, chunkBytes), start));
        const offset = chunkCount(start - startBytes) * DIGEST_SIZE_BYTES;
        const digest = digests.subarray(offset, offset + DIGEST_SIZE_BYTES);
        Bun.SHA256.hash(writer.buffer.bytes.subarray(0, chunkBytes), digest);
        if (
          findContent(held.packed, digests, offset) === NOT_FOUND &&
          claimContent(held.claims, digests, offset)
        ) {
          writer.add(chunkBytes, digest);
          writer.flush();
        }
      }
      reading(() => assertUnchanged(descriptor, input, path));
      return { digests, blocks: writer.blocks };
    } finally {
      closeSync(descriptor);
    }
  },
  workOf: ({ sizeBytes, startBytes }) => ({ bytes: Math.min(PACK_SPAN_BYTES, sizeBytes - startBytes) }),
};

/** Distinguishes failures of the source from those of the pack. */
function reading(read: () => void): void {
  try {
    read();
  } catch (error) {
    throw error instanceof BtdtError ? error : unreadable(path, error);
  }
}

function readFully(descriptor: number, into: Uint8Array, start: number): void {
  for (let done = 0; done < into.length; ) {
    const count = readSync(descriptor, into, done, into.length - done, start + done);
    if (count === 0) throw changedWhileRead(path);
    done += count;
  }
}
