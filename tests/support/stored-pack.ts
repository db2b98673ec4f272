import { CHUNK_SIZE_BYTES } from "../../src/base/digest.ts";
import type { StoredPack } from "../../src/packs/contents/read-pack.ts";
import { PackIndex } from "../../src/packs/format/pack-index.ts";

interface PackShape {
  /** The sizes of each block's contents. */
  readonly blocks: readonly (readonly number[])[];
  /** The size of each block in the pack; by default the size of its contents. */
  readonly storedBytes?: number;
  /** The number of chunks of each large file whose chunk list is in the pack. */
  readonly largeChunks?: readonly number[];
  /** Named by their ids; by default, all contents differ. */
  readonly ids?: readonly number[];
  readonly madeMs?: number;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

function digestOf(text: string): Buffer {
  return Buffer.from(new Bun.SHA256().update(text).digest("hex"), "hex");
}

/** A pack as described by its index, made up from numbers alone. */
export function storedPack(name: string, shape: PackShape): StoredPack {
  const { blocks, largeChunks = [], ids, madeMs = 0 } = shape;
  const sizes = blocks.flat();
  const index = PackIndex.allocate(
    {
      blockCount: blocks.length,
      contentCount: sizes.length,
      largeCount: largeChunks.length,
      chunkCount: sum(largeChunks),
    },
    new Uint8Array(16),
  );
  index.contentSizes.set(sizes);
  let contentEnd = 0;
  for (const [block, contents] of blocks.entries()) {
    contentEnd += contents.length;
    index.blockContentEnds[block] = contentEnd;
    index.blockStoredSizes[block] = shape.storedBytes ?? sum(contents);
  }
  for (const content of sizes.keys()) {
    const id = ids?.[content];
    const text = id === undefined ? `${name} ${content}` : `${id}`;
    index.contentIds.set(digestOf(text).subarray(0, 16), content * 16);
  }
  let chunkEnd = 0;
  for (const [large, chunks] of largeChunks.entries()) {
    chunkEnd += chunks;
    index.largeChunkEnds[large] = chunkEnd;
    index.largeSizes[large] = chunks * CHUNK_SIZE_BYTES;
    index.largeDigests.set(digestOf(`${name} large ${large}`), large * 32);
  }
  return {
    kind: "stored",
    name,
    index,
    damagedBlocks: new Set(),
    allocatedBytes: index.packBytes(),
    madeMs,
  };
}
