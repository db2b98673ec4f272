import { BtdtError } from "../base/errors.ts";
import type { ObjectStore } from "../bucket/object-store.ts";
import { readBlock } from "../packs/contents/read-block.ts";
import type { StoredPack } from "../packs/contents/read-pack.ts";
import { describeStoredBlock, holdsContents } from "../packs/contents/verify-blocks.ts";
import type { Runtime } from "../work/runtime.ts";
import { RangeFetch } from "./fetch-blocks.ts";

/** About as much as one range. */
const PART_BYTES = 8 * 1024 * 1024;

/**
 * Fetches all blocks of a pack, and compares each content with its id. Returns how many blocks are damaged; `gone` if
 * the pack no longer exists.
 * @throws BtdtError CANCELLED, and those of `ObjectStore`
 */
export async function verifyRemotePack(
  store: ObjectStore,
  { name, index }: StoredPack,
  runtime: Runtime,
): Promise<number | "gone"> {
  const parts = divide(
    Array.from({ length: index.counts.blockCount }, (_, block) => describeStoredBlock(index, block)),
  );
  const fetch = new RangeFetch(
    store,
    parts.map((blocks) => ({ pack: name, blocks: blocks.map(({ block }) => block) })),
  );
  let damagedCount = 0;
  try {
    for (const [part, blocks] of parts.entries()) {
      const fetched = await fetch.take(part);
      if (fetched.kind !== "fetched") return "gone";
      if (runtime.isCancelled()) throw new BtdtError("CANCELLED", "stopped before all packs were verified");
      let offset = 0;
      for (const block of blocks) {
        const read = readBlock(fetched.bytes, { ...block.block, offset });
        if (read.kind !== "whole" || !holdsContents(read.content, block)) damagedCount += 1;
        offset += block.block.storedBytes;
        runtime.progress.add({ bytes: block.block.contentBytes });
      }
      fetch.release(part);
    }
  } finally {
    fetch.close();
  }
  return damagedCount;
}

type Blocks = ReturnType<typeof describeStoredBlock>[];

function divide(blocks: Blocks): Blocks[] {
  const parts: Blocks[] = [];
  let roomBytes = 0;
  for (const block of blocks) {
    if (block.block.storedBytes > roomBytes) {
      parts.push([]);
      roomBytes = PART_BYTES;
    }
    roomBytes -= block.block.storedBytes;
    parts.at(-1)?.push(block);
  }
  return parts;
}
