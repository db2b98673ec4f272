import { shortLived, shortLivedMethods } from "../base/short-lived.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { CHUNK_SIZE_BYTES, DIGEST_SIZE_BYTES } from "../objects/digest.ts";
import { hasObject, objectNameOf } from "../objects/object-name.ts";
import { LARGEST_BLOCK_BYTES } from "./block-codec.ts";
import type { ContentPlace, PackContents } from "./pack-contents.ts";
import { PACK_HEADER_BYTES } from "./pack-index.ts";
import type { BlockToUnpack } from "./unpack-blocks.ts";

/** With a block's worth of content, what one job writes. */
const JOB_FILES = 1000;

/** Leaves more than enough bits for the contents beside it. */
const MOST_ITEMS = 2 ** 26;

/** One byte a file, which threads share: 1 where packs have the content and no object does. */
export function markPackedFiles(
  manifest: Manifest,
  contents: PackContents,
  objectNames: ReadonlySet<string>,
): Uint8Array {
  const marks = new Uint8Array(new SharedArrayBuffer(manifest.counts.fileCount));
  for (let file = 0; file < manifest.counts.fileCount; file++) {
    if (!hasObject(manifest, file)) continue;
    if (objectNames.size > 0 && objectNames.has(objectNameOf(manifest, file))) continue;
    const offset = file * DIGEST_SIZE_BYTES;
    if (contents.find(manifest.fileDigests, offset, at(manifest.fileSizes, file)) !== undefined)
      marks[file] = 1;
  }
  return marks;
}

export interface UnpackPart {
  readonly pack: number;
  readonly blocks: readonly BlockToUnpack[];
  readonly chunkDigests: Uint8Array;
}

export interface UnpackPlan {
  /** In the order of the packs, and of the blocks within each. */
  readonly parts: readonly UnpackPart[];
  readonly largeFiles: readonly number[];
}

/** Which blocks have to be read for the marked files, and what is to be written from each. */
export function planUnpack(
  manifest: Manifest,
  contents: PackContents,
  isWanted: (file: number) => boolean,
): UnpackPlan {
  const files: number[] = [];
  const chunks: number[] = [];
  const keys: number[] = [];
  const largeFiles: number[] = [];
  for (let file = 0; file < manifest.counts.fileCount; file++) {
    if (!isWanted(file)) continue;
    const sizeBytes = at(manifest.fileSizes, file);
    if (sizeBytes <= CHUNK_SIZE_BYTES) {
      const content = contents.findSmall(manifest.fileDigests, file * DIGEST_SIZE_BYTES);
      if (content < 0) continue;
      keys.push(content * MOST_ITEMS + files.length);
      files.push(file);
      chunks.push(0);
      continue;
    }
    largeFiles.push(file);
    const found = contents.find(manifest.fileDigests, file * DIGEST_SIZE_BYTES, sizeBytes) ?? [];
    for (const [chunk, content] of found.entries()) {
      keys.push(content * MOST_ITEMS + files.length);
      files.push(file);
      chunks.push(chunk);
    }
  }
  // Contents are numbered in the order in which they lie.
  const order = Float64Array.from(keys).sort();
  const parts: UnpackPart[] = [];
  let part = new PartBuilder(contents, manifest);
  for (const key of order) {
    const content = Math.floor(key / MOST_ITEMS);
    const item = key - content * MOST_ITEMS;
    const place = contents.placeOf(content);
    if (!part.hasRoomFor(place)) {
      parts.push(part.build());
      part = new PartBuilder(contents, manifest);
    }
    part.add(place, files[item] ?? 0, chunks[item] ?? 0);
  }
  if (!part.isEmpty) parts.push(part.build());
  return { parts, largeFiles };
}

class PartBuilder {
  readonly #contents: PackContents;
  readonly #manifest: Manifest;
  readonly #blocks: { readonly block: number; readonly items: number[] }[] = [];
  /** Of the items that are chunks of large files, by the items' position in the part. */
  readonly #chunkDigests = new Map<number, Uint8Array>();
  #pack = -1;
  #contentBytes = 0;
  #itemCount = 0;

  constructor(contents: PackContents, manifest: Manifest) {
    this.#contents = contents;
    this.#manifest = manifest;
  }

  get isEmpty(): boolean {
    return this.#blocks.length === 0;
  }

  /** A block is never shared by two parts, and a part never has two packs. */
  hasRoomFor({ pack, block }: ContentPlace): boolean {
    if (this.isEmpty) return true;
    if (pack !== this.#pack) return false;
    if (block === this.#blocks.at(-1)?.block) return true;
    const nextBytes = this.#contents.packs[pack]?.index.blockContentBytes(block) ?? 0;
    return this.#contentBytes + nextBytes <= LARGEST_BLOCK_BYTES && this.#itemCount < JOB_FILES;
  }

  add({ pack, block, offset, sizeBytes }: ContentPlace, file: number, chunk: number): void {
    this.#pack = pack;
    let last = this.#blocks.at(-1);
    if (last?.block !== block) {
      last = { block, items: [] };
      this.#blocks.push(last);
      this.#contentBytes += this.#contents.packs[pack]?.index.blockContentBytes(block) ?? 0;
    }
    const isLarge = at(this.#manifest.fileSizes, file) > CHUNK_SIZE_BYTES;
    // The manifest's sizes count; a content that has another one does not have the digest either.
    last.items.push(offset, isLarge ? sizeBytes : at(this.#manifest.fileSizes, file), file, chunk);
    if (isLarge) this.#chunkDigests.set(this.#itemCount, this.chunkDigestOf(file, chunk));
    this.#itemCount += 1;
  }

  private chunkDigestOf(file: number, chunk: number): Uint8Array {
    const digest = this.#manifest.fileDigests.subarray(
      file * DIGEST_SIZE_BYTES,
      (file + 1) * DIGEST_SIZE_BYTES,
    );
    const chunks = this.#contents.chunksOf(digest);
    return chunks?.subarray(chunk * DIGEST_SIZE_BYTES, (chunk + 1) * DIGEST_SIZE_BYTES) ?? NO_DIGEST;
  }

  build(): UnpackPart {
    const index = this.#contents.packs[this.#pack]?.index;
    if (index === undefined) throw new RangeError("a part of an unpacking has no pack");
    const hasChunks = this.#chunkDigests.size > 0;
    const chunkDigests = new Uint8Array(hasChunks ? this.#itemCount * DIGEST_SIZE_BYTES : 0);
    for (const [item, digest] of this.#chunkDigests) chunkDigests.set(digest, item * DIGEST_SIZE_BYTES);
    let block = 0;
    let offset = PACK_HEADER_BYTES;
    return {
      pack: this.#pack,
      chunkDigests,
      blocks: this.#blocks.map(({ block: number, items }) => {
        for (; block < number; block++) offset += at(index.blockStoredSizes, block);
        return {
          block: number,
          offset,
          storedBytes: at(index.blockStoredSizes, number),
          contentBytes: index.blockContentBytes(number),
          codecNumber: at(index.blockCodecs, number),
          checksum: index.blockChecksums[number] ?? 0n,
          items: Uint32Array.from(items),
        };
      }),
    };
  }
}

const NO_DIGEST = new Uint8Array(DIGEST_SIZE_BYTES);

shortLived(markPackedFiles, planUnpack);
shortLivedMethods(PartBuilder);
