import { CHUNK_SIZE_BYTES, chunkCount, digestOfChunks } from "../../src/base/digest.ts";
import { PackContents } from "../../src/packs/contents/pack-contents.ts";
import type { StoredPack } from "../../src/packs/contents/read-pack.ts";
import { CONTENT_ID_BYTES, NONCE_BYTES } from "../../src/packs/format/index-layout.ts";
import { buildIndex, type LargeContent } from "../../src/packs/write/build-index.ts";

/** Packs as their indexes describe them: contents have a digest and a size, and no bytes. */

interface DescribedContent {
  readonly digest: Buffer;
  readonly sizeBytes: number;
}

export interface DescribedPack {
  readonly blocks: readonly (readonly DescribedContent[])[];
  readonly larges?: readonly LargeContent[];
  readonly damagedBlocks?: readonly number[];
}

/** Different numbers, different digests, in both halves. */
export function digestOf(number: number): Buffer {
  return Buffer.from(new Bun.SHA256().update(`${number}`).digest().buffer);
}

export function content(number: number, sizeBytes = 100): DescribedContent {
  return { digest: digestOf(number), sizeBytes };
}

/** A file of several chunks; the chunks are contents of these numbers. */
export function large(
  numbers: readonly number[],
  sizeBytes = CHUNK_SIZE_BYTES * numbers.length,
): LargeContent {
  if (chunkCount(sizeBytes) !== numbers.length) throw new RangeError("another number of chunks");
  const chunkDigests = Buffer.concat(numbers.map(digestOf));
  return { sizeBytes, digest: digestOfChunks(sizeBytes, chunkDigests), chunkDigests };
}

/** The packs keep their order: each takes less room than the one before it. */
export function packContents(packs: readonly DescribedPack[]): PackContents {
  return new PackContents(packs.map((pack, index) => storedPack(pack, index)));
}

function storedPack({ blocks, larges = [], damagedBlocks = [] }: DescribedPack, order: number): StoredPack {
  let offset = 32;
  const index = buildIndex(
    blocks.map((contents) => {
      const contentBytes = contents.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      const block = {
        offset,
        storedBytes: contentBytes,
        codecNumber: 0,
        checksum: BigInt(offset),
        contentSizes: contents.map(({ sizeBytes }) => sizeBytes),
        contentIds: Buffer.concat(contents.map(({ digest }) => digest.subarray(0, CONTENT_ID_BYTES))),
      };
      offset += contentBytes;
      return block;
    }),
    larges,
    Buffer.alloc(NONCE_BYTES, order),
  );
  return {
    kind: "stored",
    name: `pack ${order}`,
    index,
    damagedBlocks: new Set(damagedBlocks),
    allocatedBytes: 1e9 - order,
    madeMs: 0,
  };
}
