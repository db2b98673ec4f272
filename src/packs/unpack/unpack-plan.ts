import { compileLightly } from "../../base/compile-lightly.ts";
import { CHUNK_SIZE_BYTES, DIGEST_SIZE_BYTES } from "../../base/digest.ts";
import { at, type Manifest } from "../../manifest/manifest.ts";
import { hasObject } from "../../objects/object-attributes.ts";
import { nameObject } from "../../objects/object-name.ts";
import type { PackContents } from "../contents/pack-contents.ts";
import type { StoredBlock } from "../contents/read-block.ts";
import { LARGEST_BLOCK_BYTES } from "../format/block-codec.ts";
import { PACK_HEADER_BYTES, type PackIndex } from "../format/pack-index.ts";
import { contentAt, SEVERAL_CONTENTS, type UnpackItems, unpackItems } from "./unpack-items.ts";

/** With a block's worth of content, what one job writes. */
const JOB_FILES = 1000;

/**
 * Finds the files whose contents packs have and no object does, in memory that threads share: for each the number of its
 * content and one more, or SEVERAL_CONTENTS; 0 for the others.
 */
export function findPackedContents(
  manifest: Manifest,
  packs: PackContents,
  objectNames: ReadonlySet<string>,
): Int32Array {
  const contentOfFile = new Int32Array(new SharedArrayBuffer(manifest.counts.fileCount * 4));
  for (let file = 0; file < manifest.counts.fileCount; file++) {
    if (!hasObject(manifest, file)) continue;
    if (objectNames.size > 0 && objectNames.has(nameObject(manifest, file))) continue;
    const offset = file * DIGEST_SIZE_BYTES;
    if (at(manifest.fileSizes, file) <= CHUNK_SIZE_BYTES) {
      contentOfFile[file] = packs.findSmall(manifest.fileDigests, offset) + 1;
    } else if (packs.findLarge(manifest.fileDigests, offset) !== undefined) {
      contentOfFile[file] = SEVERAL_CONTENTS;
    }
  }
  return contentOfFile;
}

export interface BlockToUnpack extends StoredBlock {
  readonly block: number;
  /** In the order of the items: the end of those that this block has the contents of. */
  readonly endPlace: number;
}

/** What one job writes. A block is never shared by two parts, and a part never has two packs. */
export interface UnpackPart {
  readonly pack: number;
  readonly blocks: readonly BlockToUnpack[];
  /** In the order of the items. */
  readonly firstPlace: number;
  readonly endPlace: number;
}

export interface UnpackPlan {
  readonly items: UnpackItems;
  /** In the order of the packs, and of the blocks within each. */
  readonly parts: readonly UnpackPart[];
  readonly largeFiles: readonly number[];
}

interface BlockPlace {
  readonly pack: number;
  readonly block: number;
  readonly firstPlace: number;
  readonly endPlace: number;
}

/**
 * Which blocks have to be read for the files that come from packs, and for what.
 * @param contentOfFile see `findPackedContents`
 * @param unwanted non-zero for each file that is to be left out
 */
export function planUnpack(
  manifest: Manifest,
  packs: PackContents,
  contentOfFile: Int32Array,
  unwanted: Uint8Array | undefined,
): UnpackPlan {
  const items = unpackItems(manifest, packs, contentOfFile, unwanted);
  const parts: UnpackPart[] = [];
  let blocks: BlockPlace[] = [];
  let contentBytes = 0;
  for (const next of blocksOf(items, packs)) {
    const { pack, block } = next;
    const nextBytes = packs.packs[pack]?.index.blockContentBytes(block) ?? 0;
    const [first] = blocks;
    const hasRoom =
      first === undefined ||
      (first.pack === pack &&
        contentBytes + nextBytes <= LARGEST_BLOCK_BYTES &&
        next.firstPlace - first.firstPlace < JOB_FILES);
    if (!hasRoom) {
      parts.push(partOf(blocks, packs));
      blocks = [];
      contentBytes = 0;
    }
    blocks.push(next);
    contentBytes += nextBytes;
  }
  if (blocks.length > 0) parts.push(partOf(blocks, packs));
  return { items, parts, largeFiles: [...new Set(items.files.subarray(items.firstChunk))] };
}

/** The blocks in the order in which they lie, each with its items. */
function blocksOf(items: UnpackItems, packs: PackContents): BlockPlace[] {
  const blocks: BlockPlace[] = [];
  const { length } = items.order;
  let pack = 0;
  for (let place = 0; place < length; ) {
    const content = contentAt(items, place);
    while (content >= packs.endContentOf(pack)) pack += 1;
    const block = packs.blockOf(content);
    const firstPlace = place;
    const lastContent = packs.endContentOfBlock(pack, block) - 1;
    while (place < length && contentAt(items, place) <= lastContent) place += 1;
    blocks.push({ pack, block, firstPlace, endPlace: place });
  }
  return blocks;
}

function partOf(blocks: readonly BlockPlace[], packs: PackContents): UnpackPart {
  const { pack, firstPlace } = blocks[0] ?? { pack: 0, firstPlace: 0 };
  const endPlace = blocks.at(-1)?.endPlace ?? firstPlace;
  const index = packs.packs[pack]?.index;
  if (index === undefined) throw new RangeError("a part of an unpacking has no pack");
  return {
    pack,
    firstPlace,
    endPlace,
    blocks: storedBlocks(blocks, index),
  };
}

function storedBlocks(blocks: readonly BlockPlace[], index: PackIndex): BlockToUnpack[] {
  let before = 0;
  let offset = PACK_HEADER_BYTES;
  return blocks.map(({ block, endPlace }) => {
    for (; before < block; before++) offset += at(index.blockStoredSizes, before);
    return {
      block,
      endPlace,
      offset,
      storedBytes: at(index.blockStoredSizes, block),
      contentBytes: index.blockContentBytes(block),
      codecNumber: at(index.blockCodecs, block),
      checksum: index.blockChecksums[block] ?? 0n,
    };
  });
}

compileLightly(findPackedContents, planUnpack, blocksOf);
