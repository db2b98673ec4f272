import { shortLived } from "../base/short-lived.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { CHUNK_SIZE_BYTES, chunkCount, DIGEST_SIZE_BYTES } from "../objects/digest.ts";
import type { PackContents } from "./pack-contents.ts";

/** In place of the number of a file's content: it has several, one for each chunk. */
export const SEVERAL_CONTENTS = -1;

/** Leaves more than enough bits for the contents' numbers beside it. */
const MOST_ITEMS = 2 ** 26;

/**
 * What is to be written from packs, an item for each file or chunk of a large one, in the order in which the contents lie.
 * In memory that threads share, so that each works out for itself what its blocks are for.
 */
export interface UnpackItems {
  /** The number of the content, times MOST_ITEMS, and where the item stands in the next two columns; sorted. */
  readonly order: Float64Array;
  readonly files: Uint32Array;
  /** Which of the file's chunks; 0 for a small file. */
  readonly chunks: Uint32Array;
  /** By a content's number: where in its block it begins. */
  readonly contentOffsets: Uint32Array;
}

/**
 * @param contentOfFile for each file the number of its content and one more, SEVERAL_CONTENTS, or 0 when no pack has it
 * @param unwanted non-zero for each file that is to be left out
 */
export function unpackItems(
  manifest: Manifest,
  packs: PackContents,
  contentOfFile: Int32Array,
  unwanted: Uint8Array | undefined,
): UnpackItems {
  let itemCount = 0;
  for (let file = 0; file < contentOfFile.length; file++) {
    if (isLeftOut(file, contentOfFile, unwanted)) continue;
    itemCount += isLarge(manifest, file) ? chunkCount(at(manifest.fileSizes, file)) : 1;
  }
  const items: UnpackItems = {
    order: new Float64Array(new SharedArrayBuffer(itemCount * 8)),
    files: new Uint32Array(new SharedArrayBuffer(itemCount * 4)),
    chunks: new Uint32Array(new SharedArrayBuffer(itemCount * 4)),
    contentOffsets: packs.contentOffsets,
  };
  let item = 0;
  for (let file = 0; file < contentOfFile.length; file++) {
    if (isLeftOut(file, contentOfFile, unwanted)) continue;
    if (!isLarge(manifest, file)) {
      items.order[item] = (at(contentOfFile, file) - 1) * MOST_ITEMS + item;
      items.files[item++] = file;
      continue;
    }
    const contents = packs.findLarge(manifest.fileDigests, file * DIGEST_SIZE_BYTES) ?? [];
    for (const [chunk, content] of contents.entries()) {
      items.order[item] = content * MOST_ITEMS + item;
      items.chunks[item] = chunk;
      items.files[item++] = file;
    }
  }
  items.order.sort();
  return items;
}

function isLeftOut(file: number, contentOfFile: Int32Array, unwanted: Uint8Array | undefined): boolean {
  return contentOfFile[file] === 0 || (unwanted !== undefined && unwanted[file] !== 0);
}

function isLarge(manifest: Manifest, file: number): boolean {
  return at(manifest.fileSizes, file) > CHUNK_SIZE_BYTES;
}

/** The number of the content that is at a place in the order. */
export function contentAt({ order }: UnpackItems, place: number): number {
  return Math.floor(at(order, place) / MOST_ITEMS);
}

/** Where in the columns the item is that is at a place in the order. */
export function itemAt({ order }: UnpackItems, place: number): number {
  return at(order, place) % MOST_ITEMS;
}

shortLived(unpackItems, isLeftOut, isLarge, contentAt, itemAt);
