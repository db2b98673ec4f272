import { closeSync } from "node:fs";
import type { ByteString } from "../../base/byte-string.ts";
import { BtdtError } from "../../base/errors.ts";
import type { Job } from "../../work/job.ts";
import { openPack, type PackProblem } from "../contents/open-pack.ts";
import { readBlock } from "../contents/read-block.ts";
import { CONTENT_ID_BYTES } from "../format/index-layout.ts";
import type { StoredBlock } from "../format/pack-index.ts";
import { BlockWriter, type PackedBlock, type PackTarget } from "../write/block-writer.ts";

export interface BlockToRewrite {
  readonly pack: PackToRewrite;
  /** In its pack. */
  readonly number: number;
  readonly block: StoredBlock;
  /** Of all contents in the block. */
  readonly contentSizes: Uint32Array;
  readonly contentIds: Uint8Array;
  /** Non-zero for each that is to be kept. */
  readonly kept: Uint8Array;
}

interface PackToRewrite {
  readonly name: string;
  readonly path: ByteString;
  readonly nonce: Uint8Array;
}

export interface RewriteBlocksInput {
  /** Those of one pack follow each other. What is kept of all of them fits into one block. */
  readonly blocks: readonly BlockToRewrite[];
  readonly target: PackTarget;
}

export interface RewrittenBlocks {
  readonly written: readonly PackedBlock[];
  /** Blocks of which something that was to be kept is not in `written`. */
  readonly problems: readonly {
    readonly pack: string;
    readonly block: number;
    readonly problem: PackProblem;
  }[];
}

/**
 * Gathers what is kept of some blocks into one of another pack; everything is checked on the way.
 * @throws BtdtError CANCELLED; a `node:fs` error: the pack cannot be written
 */
export const rewriteBlocksJob: Job<RewriteBlocksInput, RewrittenBlocks> = {
  name: "rewrite-blocks",
  isHeavy: true,
  run({ blocks, target }, context) {
    const writer = new BlockWriter(target);
    const problems: { pack: string; block: number; problem: PackProblem }[] = [];
    const opener = new PackOpener();
    try {
      for (const each of blocks) {
        if (context.isCancelled())
          throw new BtdtError("CANCELLED", "stopped before the packs were rewritten");
        const opened = opener.open(each.pack);
        const problem = opened.kind === "open" ? copyKept(opened.descriptor, each, writer) : opened;
        if (problem !== undefined) problems.push({ pack: each.pack.name, block: each.number, problem });
      }
      writer.flush();
      return { written: writer.blocks, problems };
    } finally {
      opener.close();
    }
  },
  workOf: ({ blocks }) => ({ bytes: blocks.reduce((sum, block) => sum + measureKept(block), 0) }),
};

/** What is kept of a block. */
export function measureKept({ contentSizes, kept }: Pick<BlockToRewrite, "contentSizes" | "kept">): number {
  return contentSizes.reduce((sum, sizeBytes, number) => sum + (kept[number] === 0 ? 0 : sizeBytes), 0);
}

function copyKept(descriptor: number, each: BlockToRewrite, writer: BlockWriter): PackProblem | undefined {
  const read = readBlock(descriptor, each.block);
  if (read.kind !== "whole") return read;
  let problem: PackProblem | undefined;
  let start = 0;
  for (const [number, sizeBytes] of each.contentSizes.entries()) {
    const bytes = read.content.subarray(start, start + sizeBytes);
    start += sizeBytes;
    if (each.kept[number] === 0) continue;
    const digest = new Uint8Array(new Bun.SHA256().update(bytes).digest().buffer);
    const id = each.contentIds.subarray(number * CONTENT_ID_BYTES, (number + 1) * CONTENT_ID_BYTES);
    if (Buffer.compare(digest.subarray(0, CONTENT_ID_BYTES), id) === 0) {
      writer.buffer.bytes.set(bytes, writer.position);
      writer.add(sizeBytes, digest);
    } else {
      problem = { kind: "damaged" };
    }
  }
  return problem;
}

/** Holds one pack open: the one that was asked for last. */
class PackOpener {
  #name = "";
  #opened: ReturnType<typeof openPack> = { kind: "gone" };

  open({ name, path, nonce }: PackToRewrite): ReturnType<typeof openPack> {
    if (name !== this.#name) {
      this.close();
      this.#name = name;
      this.#opened = openPack(path, nonce);
    }
    return this.#opened;
  }

  close(): void {
    if (this.#opened.kind === "open") closeSync(this.#opened.descriptor);
    this.#opened = { kind: "gone" };
    this.#name = "";
  }
}
