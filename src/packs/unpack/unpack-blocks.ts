import { closeSync } from "node:fs";
import { compileMethodsLightly } from "../../base/compile-lightly.ts";
import { viewManifest } from "../../manifest/codec.ts";
import type { Job } from "../../work/job.ts";
import { createStopCheck } from "../../work/stop-check.ts";
import { openPack, type PackProblem } from "../contents/open-pack.ts";
import { BlockUnpacker, type UnpackBlocksInput, type UnpackedBlocks } from "./block-unpacker.ts";

/**
 * Decompresses blocks and writes the files that they contain. The digest of each content is checked before it is
 * written.
 * @throws BtdtError, CANCELLED among others; a `node:fs` error: the destination cannot be written
 */
export const unpackBlocksJob: Job<UnpackBlocksInput, UnpackedBlocks> = {
  name: "unpack-blocks",
  isHeavy: true,
  run(input, context) {
    const hasEnough = createStopCheck(context, "stopped before all files were unpacked");
    const unpacker = new BlockUnpacker(viewManifest(input.payload), input, hasEnough);
    const source = openAccess(input);
    if (source.kind !== "open") return unpacker.fail(source);
    try {
      let { firstPlace } = input;
      for (const block of input.blocks) {
        if (hasEnough() && firstPlace > input.firstPlace) break;
        firstPlace = unpacker.unpack(source.from, block, firstPlace);
        if (firstPlace < block.endPlace) break;
      }
      return { ...unpacker.result, nextPlace: firstPlace };
    } finally {
      source.close();
    }
  },
  workOf: (_input, { fileCount, contentBytes }) => ({ files: fileCount, bytes: contentBytes }),
};

interface OpenSource {
  readonly kind: "open";
  /** The descriptor of the pack, or its blocks. */
  readonly from: number | Uint8Array;
  close(): void;
}

const leaveOpen = (): void => undefined;

function openAccess({ access }: UnpackBlocksInput): OpenSource | PackProblem {
  switch (access.kind) {
    case "file": {
      if (access.descriptor !== undefined) return { kind: "open", from: access.descriptor, close: leaveOpen };
      const opened = openPack(access.path, access.nonce);
      if (opened.kind !== "open") return opened;
      return { kind: "open", from: opened.descriptor, close: () => closeSync(opened.descriptor) };
    }
    case "fetched":
      return { kind: "open", from: access.bytes, close: leaveOpen };
    case "gone":
    case "damaged":
    case "unreadable":
      return access;
  }
}

compileMethodsLightly(unpackBlocksJob);
