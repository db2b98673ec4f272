import { compileLightly } from "../../base/compile-lightly.ts";
import { chunkCount, DIGEST_SIZE_BYTES } from "../../base/digest.ts";
import { at, type Manifest } from "../../manifest/manifest.ts";
import type { PackContents } from "../contents/pack-contents.ts";

/** In place of the number of a file's content: it has several, one for each chunk. */
export const SEVERAL_CONTENTS = -1;

/** Leaves more than enough bits for the contents' numbers beside it. */
const MOST_ITEMS = 2 ** 26;

/**
 * What is to be written from packs, an item for each small file and for each chunk of a large one, in the order in which the
 * contents lie. In memory that threads share, so that each works out for itself what its blocks are for.
 */
export interface UnpackItems {
  /** The number of the content, times MOST_ITEMS, and the number of the item; sorted. */
  readonly order: Float64Array;
  /** By the item's number: small files first. */
  readonly files: Uint32Array;
  /** The number of the first item that is a chunk. */
  readonly firstChunk: number;
  /** From that item on: which of the file's chunks it is, and the chunk's digest, 32 bytes each. */
  readonly chunks: Uint32Array;
  readonly chunkDigests: Uint8Array;
  /** By the content's number: where in its block it begins. */
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
  const { fileCount } = manifest.counts;
  const files: number[] = [];
  const largeFiles: number[] = [];
  for (let file = 0; file < fileCount; file++) {
    const content = contentOfFile[file] ?? 0;
    if (content === 0 || (unwanted !== undefined && unwanted[file] !== 0)) continue;
    (content === SEVERAL_CONTENTS ? largeFiles : files).push(file);
  }
  const firstChunk = files.length;
  const chunkTotal = largeFiles.reduce((sum, file) => sum + chunkCount(at(manifest.fileSizes, file)), 0);
  const itemCount = firstChunk + chunkTotal;
  const items: UnpackItems = {
    order: new Float64Array(new SharedArrayBuffer(itemCount * 8)),
    files: new Uint32Array(new SharedArrayBuffer(itemCount * 4)),
    firstChunk,
    chunks: new Uint32Array(new SharedArrayBuffer(chunkTotal * 4)),
    chunkDigests: new Uint8Array(new SharedArrayBuffer(chunkTotal * DIGEST_SIZE_BYTES)),
    contentOffsets: packs.contentOffsets,
  };
  const order = new Float64Array(itemCount);
  items.files.set(files);
  for (let item = 0; item < firstChunk; item++) {
    order[item] = ((contentOfFile[files[item] ?? 0] ?? 0) - 1) * MOST_ITEMS + item;
  }
  let item = firstChunk;
  for (const file of largeFiles) {
    const offset = file * DIGEST_SIZE_BYTES;
    const digests = packs.chunksOf(manifest.fileDigests.subarray(offset, offset + DIGEST_SIZE_BYTES));
    const contents = packs.findLarge(manifest.fileDigests, offset);
    if (digests === undefined || contents === undefined) throw new RangeError("a file is in no pack");
    items.chunkDigests.set(digests, (item - firstChunk) * DIGEST_SIZE_BYTES);
    for (const [chunk, content] of contents.entries()) {
      items.chunks[item - firstChunk] = chunk;
      items.files[item] = file;
      order[item] = content * MOST_ITEMS + item;
      item += 1;
    }
  }
  items.order.set(order.sort());
  return items;
}

/** The number of the content that is at a place in the order. */
export function contentAt({ order }: UnpackItems, place: number): number {
  return Math.floor(at(order, place) / MOST_ITEMS);
}

/** The number of the item that is at a place in the order. */
export function itemAt({ order }: UnpackItems, place: number): number {
  const entry = at(order, place);
  return entry - Math.floor(entry / MOST_ITEMS) * MOST_ITEMS;
}

compileLightly(unpackItems, contentAt, itemAt);
