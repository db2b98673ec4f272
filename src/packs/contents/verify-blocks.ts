import { closeSync } from "node:fs";
import type { ByteString } from "../../base/byte-string.ts";
import { DIGEST_SIZE_BYTES } from "../../base/digest.ts";
import { BtdtError } from "../../base/errors.ts";
import { at } from "../../manifest/manifest.ts";
import type { Job } from "../../work/job.ts";
import { CONTENT_ID_BYTES } from "../format/index-layout.ts";
import type { PackIndex, StoredBlock } from "../format/pack-index.ts";
import { openPack } from "./open-pack.ts";
import { readBlock } from "./read-block.ts";

export interface BlockToVerify {
  /** Its number in the pack. */
  readonly number: number;
  readonly block: StoredBlock;
  readonly contentSizes: Uint32Array;
  readonly contentIds: Uint8Array;
}

/** What must be in a block, as its index says. */
export function describeStoredBlock(index: PackIndex, number: number): BlockToVerify {
  const [first, end] = [index.firstContentOf(number), at(index.blockContentEnds, number)];
  return {
    number,
    block: index.storedBlock(number),
    contentSizes: index.contentSizes.slice(first, end),
    contentIds: index.contentIds.slice(first * CONTENT_ID_BYTES, end * CONTENT_ID_BYTES),
  };
}

export interface VerifyBlocksInput {
  readonly packName: string;
  readonly path: ByteString;
  readonly nonce: Uint8Array;
  readonly blocks: readonly BlockToVerify[];
}

export interface VerifiedBlocks {
  /** The result of opening the pack. */
  readonly pack: "open" | "gone" | "damaged" | "unreadable";
  readonly damaged: readonly number[];
  readonly unreadable: readonly number[];
}

/** Reads blocks of one pack and compares each content with its id. @throws BtdtError CANCELLED */
export const verifyBlocksJob: Job<VerifyBlocksInput, VerifiedBlocks> = {
  name: "verify-blocks",
  isHeavy: true,
  run({ path, nonce, blocks }, context) {
    const opened = openPack(path, nonce);
    if (opened.kind !== "open") return { pack: opened.kind, damaged: [], unreadable: [] };
    const damaged: number[] = [];
    const unreadable: number[] = [];
    try {
      for (const block of blocks) {
        if (context.isCancelled()) throw new BtdtError("CANCELLED", "stopped before all packs were verified");
        const read = readBlock(opened.descriptor, block.block);
        if (read.kind === "unreadable") unreadable.push(block.number);
        else if (read.kind === "damaged" || !holdsContents(read.content, block)) damaged.push(block.number);
      }
    } finally {
      closeSync(opened.descriptor);
    }
    return { pack: "open", damaged, unreadable };
  },
  workOf: ({ blocks }) => ({ bytes: blocks.reduce((sum, { block }) => sum + block.contentBytes, 0) }),
};

const digest = new Uint8Array(DIGEST_SIZE_BYTES);

/** @param content of the block, decompressed */
export function holdsContents(content: Uint8Array, { contentSizes, contentIds }: BlockToVerify): boolean {
  let start = 0;
  for (const [number, sizeBytes] of contentSizes.entries()) {
    Bun.SHA256.hash(content.subarray(start, start + sizeBytes), digest);
    start += sizeBytes;
    const id = contentIds.subarray(number * CONTENT_ID_BYTES, (number + 1) * CONTENT_ID_BYTES);
    if (Buffer.compare(digest.subarray(0, CONTENT_ID_BYTES), id) !== 0) return false;
  }
  return true;
}
