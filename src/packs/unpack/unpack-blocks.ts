import { closeSync } from "node:fs";
import { compileMethodsLightly } from "../../base/compile-lightly.ts";
import { BtdtError } from "../../base/errors.ts";
import { viewManifest } from "../../manifest/codec.ts";
import type { Job } from "../../work/job.ts";
import { openPack } from "../contents/open-pack.ts";
import { BlockUnpacker, type UnpackBlocksInput, type UnpackedBlocks } from "./block-unpacker.ts";

/**
 * Decompresses blocks and writes the files that they contain. The digest of each content is checked before it is
 * written.
 * @throws BtdtError, CANCELLED among others; a `node:fs` error: the destination cannot be written
 */
export const unpackBlocksJob: Job<UnpackBlocksInput, UnpackedBlocks> = {
  name: "unpack-blocks",
  run(input, context) {
    const unpacker = new BlockUnpacker(viewManifest(input.payload), input);
    const { path, nonce, descriptor } = input.access;
    const opened = descriptor === undefined ? openPack(path, nonce) : { kind: "open" as const, descriptor };
    if (opened.kind !== "open") return unpacker.fail(opened);
    try {
      let firstPlace = input.firstPlace;
      for (const block of input.blocks) {
        // Nobody may mistake what exists so far for all of it.
        if (context.isCancelled()) throw new BtdtError("CANCELLED", "stopped before all files were unpacked");
        unpacker.unpack(opened.descriptor, block, firstPlace);
        firstPlace = block.endPlace;
      }
      return unpacker.result;
    } finally {
      if (descriptor === undefined) closeSync(opened.descriptor);
    }
  },
  workOf: (_input, { fileCount, contentBytes }) => ({ files: fileCount, bytes: contentBytes }),
};

compileMethodsLightly(unpackBlocksJob);
