import { BtdtError } from "../../base/errors.ts";
import type { Job } from "../../work/job.ts";
import { readBlock } from "../contents/read-block.ts";
import { CONTENT_ID_BYTES } from "../format/pack-index.ts";
import { BlockWriter, type PackedBlock, type PackTarget } from "../write/block-writer.ts";

export interface RewriteBlockInput {
  readonly descriptor: number;
  readonly offset: number;
  readonly storedBytes: number;
  readonly contentBytes: number;
  readonly codecNumber: number;
  readonly checksum: bigint;
  /** Of all contents in the block. */
  readonly contentSizes: Uint32Array;
  readonly contentIds: Uint8Array;
  /** Non-zero for each that is to be kept. */
  readonly kept: Uint8Array;
  readonly target: PackTarget;
}

/** Copies what is kept of one block to another pack; everything is checked on the way. @throws BtdtError PACK_DAMAGED */
export const rewriteBlockJob: Job<RewriteBlockInput, readonly PackedBlock[]> = {
  name: "rewrite-block",
  run(input) {
    const content = readBlock(input.descriptor, input);
    if (content === undefined) throw damaged();
    const writer = new BlockWriter(input.target);
    let start = 0;
    for (const [number, sizeBytes] of input.contentSizes.entries()) {
      const bytes = content.subarray(start, start + sizeBytes);
      start += sizeBytes;
      if (input.kept[number] === 0) continue;
      const digest = new Uint8Array(new Bun.SHA256().update(bytes).digest().buffer);
      const id = input.contentIds.subarray(number * CONTENT_ID_BYTES, (number + 1) * CONTENT_ID_BYTES);
      if (Buffer.compare(digest.subarray(0, CONTENT_ID_BYTES), id) !== 0) throw damaged();
      writer.buffer.bytes.set(bytes, writer.position);
      writer.add(sizeBytes, digest);
    }
    writer.flush();
    return writer.blocks;
  },
  workOf: ({ contentSizes, kept }) => {
    return {
      bytes: contentSizes.reduce((sum, sizeBytes, number) => sum + (kept[number] === 0 ? 0 : sizeBytes), 0),
    };
  },
};

function damaged(): BtdtError {
  return new BtdtError("PACK_DAMAGED", "a block of a pack is damaged");
}
