import { compileLightly } from "../../base/compile-lightly.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import type { PackContents } from "../contents/pack-contents.ts";
import { LARGEST_BLOCK_BYTES } from "../format/block-codec.ts";
import type { StoredBlock } from "../format/pack-index.ts";
import type { PackedFiles } from "./find-packed-files.ts";
import { contentAt, listUnpackItems, type UnpackItems } from "./unpack-items.ts";

/** What one job writes, in blocks' worth of content. */
const JOB_FILES = 1000;

export interface BlockToUnpack extends StoredBlock {
  readonly block: number;
  /** In the order of the items: the end of those with contents in this block. */
  readonly endPlace: number;
}

/** What one job writes. Two parts never share a block, and a part never has two packs. */
export interface UnpackPart {
  readonly pack: number;
  readonly blocks: readonly BlockToUnpack[];
  /** In the order of the items. */
  readonly firstPlace: number;
  readonly endPlace: number;
}

export interface UnpackPlan {
  readonly contents: PackContents;
  readonly items: UnpackItems;
  /** In the order of the packs, and of the blocks in each. */
  readonly parts: readonly UnpackPart[];
  readonly largeFiles: readonly number[];
}

interface BlockPlaces {
  readonly pack: number;
  readonly block: number;
  readonly firstPlace: number;
  readonly endPlace: number;
}

/**
 * Determines which blocks must be read for the files that come from packs, and what each is needed for.
 * @param unwanted non-zero for each file to leave out
 */
export function planUnpack(
  manifest: Manifest,
  packed: PackedFiles,
  unwanted: Uint8Array | undefined,
): UnpackPlan {
  const { contents } = packed;
  const items = listUnpackItems(manifest, packed, unwanted);
  const parts: UnpackPart[] = [];
  let blocks: BlockPlaces[] = [];
  let contentBytes = 0;
  for (const next of listBlocks(items, contents)) {
    const { pack, block } = next;
    const nextBytes = contents.packs[pack]?.index.blockContentBytes(block) ?? 0;
    const [first] = blocks;
    const hasRoom =
      first === undefined ||
      (first.pack === pack &&
        contentBytes + nextBytes <= LARGEST_BLOCK_BYTES &&
        next.firstPlace - first.firstPlace < JOB_FILES);
    if (!hasRoom) {
      parts.push(formPart(blocks, contents));
      blocks = [];
      contentBytes = 0;
    }
    blocks.push(next);
    contentBytes += nextBytes;
  }
  if (blocks.length > 0) parts.push(formPart(blocks, contents));
  return { contents, items, parts, largeFiles: [...new Set(items.files.subarray(items.firstChunk))] };
}

/** The blocks in the order of the packs, each with its items. */
function listBlocks(items: UnpackItems, contents: PackContents): BlockPlaces[] {
  const blocks: BlockPlaces[] = [];
  const { length } = items.order;
  let pack = 0;
  for (let place = 0; place < length; ) {
    const content = contentAt(items, place);
    while (content >= contents.endContentOf(pack)) pack += 1;
    const block = contents.blockOf(content);
    const firstPlace = place;
    const lastContent = contents.endContentOfBlock(pack, block) - 1;
    while (place < length && contentAt(items, place) <= lastContent) place += 1;
    blocks.push({ pack, block, firstPlace, endPlace: place });
  }
  return blocks;
}

function formPart(blocks: readonly BlockPlaces[], contents: PackContents): UnpackPart {
  const { pack, firstPlace } = blocks[0] ?? { pack: 0, firstPlace: 0 };
  const endPlace = blocks.at(-1)?.endPlace ?? firstPlace;
  const index = contents.packs[pack]?.index;
  if (index === undefined) throw new RangeError("part of an unpack plan has no pack");
  return {
    pack,
    firstPlace,
    endPlace,
    blocks: blocks.map((each) => {
      return { block: each.block, endPlace: each.endPlace, ...index.storedBlock(each.block) };
    }),
  };
}

compileLightly(planUnpack, listBlocks);
