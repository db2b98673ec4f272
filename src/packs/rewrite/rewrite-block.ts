import { BtdtError } from "../../base/errors.ts";
import type { Job } from "../../work/job.ts";
import { readBlock } from "../contents/read-block.ts";
import { CONTENT_ID_BYTES } from "../format/index-layout.ts";
import { type StoredBlock } from "../format/pack-index.ts";
import { BlockWriter, type PackedBlock, type PackTarget } from "../write/block-writer.ts";

export interface RewriteBlockInput {
  readonly descriptor: number;
  /** Its number in the pack. */
  readonly number: number;
  readonly block: StoredBlock;
  /** Of all contents in the block. */
  readonly contentSizes: Uint32Array;
  readonly contentIds: Uint8Array;
  /** Non-zero for each content to keep. */
  readonly kept: Uint8Array;
  readonly target: PackTarget;
}

export interface RewrittenBlock {
  /** Those of the contents to keep that could be read. */
  readonly blocks: readonly PackedBlock[];
  /** Why some could not; see `BlockRead`. */
  readonly problem: "damaged" | "unreadable" | undefined;
}

/**
 * Copies what is kept from one block to another pack, checking everything. @throws a `node:fs` error: the pack cannot
 * be written
 */
export const rewriteBlockJob: Job<RewriteBlockInput, RewrittenBlock> = {
  name: "rewrite-block",
  run({ descriptor, block, contentSizes, contentIds, kept, target }, context) {
    if (context.isCancelled()) throw new BtdtError("CANCELLED", "stopped before the packs were rewritten");
    const read = readBlock(descriptor, block);
    if (read.kind !== "whole") return { blocks: [], problem: read.kind };
    const writer = new BlockWriter(target);
    let problem: RewrittenBlock["problem"];
    let start = 0;
    for (const [number, sizeBytes] of contentSizes.entries()) {
      const bytes = read.content.subarray(start, start + sizeBytes);
      start += sizeBytes;
      if (kept[number] === 0) continue;
      const digest = new Uint8Array(new Bun.SHA256().update(bytes).digest().buffer);
      const id = contentIds.subarray(number * CONTENT_ID_BYTES, (number + 1) * CONTENT_ID_BYTES);
      if (Buffer.compare(digest.subarray(0, CONTENT_ID_BYTES), id) !== 0) {
        problem = "damaged";
        continue;
      }
      writer.buffer.bytes.set(bytes, writer.position);
      writer.add(sizeBytes, digest);
    }
    writer.flush();
    return { blocks: writer.blocks, problem };
  },
  workOf: ({ contentSizes, kept }) => {
    return {
      bytes: contentSizes.reduce((sum, sizeBytes, number) => sum + (kept[number] === 0 ? 0 : sizeBytes), 0),
    };
  },
};
