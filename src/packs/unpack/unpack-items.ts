import { compileLightly } from "../../base/compile-lightly.ts";
import { chunkCount, DIGEST_SIZE_BYTES, digestAt } from "../../base/digest.ts";
import { at, type Manifest } from "../../manifest/manifest.ts";
import { hasSeveralContents, isPacked, onlyContentOf } from "./content-sources.ts";
import type { PackedFiles } from "./find-packed-files.ts";

/**
 * What to write from packs: an item for each small file and each chunk of a large one, in the order of the contents.
 * In memory shared between threads, so that each finds out what its blocks are for.
 */
export interface UnpackItems {
  /** Content and item, see `encodeOrder`; sorted. */
  readonly order: Float64Array;
  /** By item number: small files first. */
  readonly files: Uint32Array;
  /** The number of the first item that is a chunk. */
  readonly firstChunk: number;
  /** From that item on: which chunk of the file it is, and the chunk's digest, 32 bytes each. */
  readonly chunks: Uint32Array;
  readonly chunkDigests: Uint8Array;
  /** From that item on: whether it was written to the file; set by the jobs. */
  readonly areChunksWritten: Uint8Array;
  /** By content number: its offset in its block. */
  readonly contentOffsets: Uint32Array;
}

/** Leaves 27 of a double's 53 bits for content numbers. */
const MOST_ITEMS = 2 ** 26;

/** A content number and an item number as one number, which sorts by content. */
export function encodeOrder(content: number, item: number): number {
  return content * MOST_ITEMS + item;
}

export function contentOfOrder(order: number): number {
  return Math.floor(order / MOST_ITEMS);
}

export function itemOfOrder(order: number): number {
  return order % MOST_ITEMS;
}

/**
 * Without further names of files: those are linked when the file is there.
 * @param unwanted non-zero for each file to leave out
 */
export function listUnpackItems(
  manifest: Manifest,
  { contents: packs, sources }: PackedFiles,
  unwanted: Uint8Array | undefined,
): UnpackItems {
  const { fileCount, linkCount } = manifest.counts;
  const files = new Uint32Array(fileCount);
  const fileOrder = new Float64Array(fileCount);
  const largeFiles: number[] = [];
  let firstChunk = 0;
  for (let file = 0; file < fileCount; file++) {
    if (!isPacked(sources, file) || (unwanted !== undefined && unwanted[file] !== 0)) continue;
    if (linkCount > 0 && manifest.isLink(file)) continue;
    if (hasSeveralContents(sources, file)) {
      largeFiles.push(file);
      continue;
    }
    files[firstChunk] = file;
    fileOrder[firstChunk] = encodeOrder(onlyContentOf(sources, file), firstChunk);
    firstChunk += 1;
  }
  const chunkTotal = largeFiles.reduce((sum, file) => sum + chunkCount(at(manifest.fileSizes, file)), 0);
  const itemCount = firstChunk + chunkTotal;
  const items: UnpackItems = {
    order: new Float64Array(new SharedArrayBuffer(itemCount * 8)),
    files: new Uint32Array(new SharedArrayBuffer(itemCount * 4)),
    firstChunk,
    chunks: new Uint32Array(new SharedArrayBuffer(chunkTotal * 4)),
    chunkDigests: new Uint8Array(new SharedArrayBuffer(chunkTotal * DIGEST_SIZE_BYTES)),
    areChunksWritten: new Uint8Array(new SharedArrayBuffer(chunkTotal)),
    contentOffsets: packs.contentOffsets,
  };
  items.files.set(files.subarray(0, firstChunk));
  const order = new Float64Array(itemCount);
  order.set(fileOrder.subarray(0, firstChunk));
  let item = firstChunk;
  for (const file of largeFiles) {
    const digest = digestAt(manifest.fileDigests, file);
    const digests = packs.chunkDigestsOf(digest);
    const contents = packs.findChunks(digest, at(manifest.fileSizes, file));
    if (digests === undefined || contents === undefined) throw new RangeError("a file is in no pack");
    items.chunkDigests.set(digests, (item - firstChunk) * DIGEST_SIZE_BYTES);
    for (const [chunk, content] of contents.entries()) {
      items.chunks[item - firstChunk] = chunk;
      items.files[item] = file;
      order[item] = encodeOrder(content, item);
      item += 1;
    }
  }
  items.order.set(order.sort());
  return items;
}

/** The content number at a position in the order. */
export function contentAt({ order }: UnpackItems, place: number): number {
  return contentOfOrder(at(order, place));
}

/** The item number at a position in the order. */
export function itemAt({ order }: UnpackItems, place: number): number {
  return itemOfOrder(at(order, place));
}

/** The files of the items from `firstPlace` up to, but not including, `endPlace`, possibly with repetitions. */
export function filesBetween(items: UnpackItems, firstPlace: number, endPlace: number): number[] {
  const files: number[] = [];
  for (let place = firstPlace; place < endPlace; place++) files.push(at(items.files, itemAt(items, place)));
  return files;
}

/** Large files of which every chunk was written. */
export function listWrittenLargeFiles(items: UnpackItems): number[] {
  const written = new Set<number>(items.files.subarray(items.firstChunk));
  for (const [index, isWritten] of items.areChunksWritten.entries()) {
    if (isWritten === 0) written.delete(at(items.files, items.firstChunk + index));
  }
  return [...written];
}

compileLightly(listUnpackItems, encodeOrder, contentOfOrder, itemOfOrder, contentAt, itemAt);
