import { compileMethodsLightly } from "../../base/compile-lightly.ts";
import { CHUNK_SIZE_BYTES, DIGEST_SIZE_BYTES, hexOf } from "../../base/digest.ts";
import type { CacheDirectory } from "../../cache/cache-directory.ts";
import { at } from "../../manifest/manifest.ts";
import { type ContentTable, contentTable, findContent } from "./content-table.ts";
import { packNames, readPack, type StoredPack, type UnusablePack } from "./pack-directory.ts";

/** Where one content lies. */
export interface ContentPlace {
  readonly pack: number;
  readonly block: number;
  /** Within the block's content. */
  readonly offset: number;
  readonly sizeBytes: number;
}

/** A large file's list of chunks, in the index of one pack. */
interface LargePlace {
  readonly pack: number;
  readonly large: number;
}

/** Which contents the packs of a cache hold, from their indexes alone. */
export class PackContents {
  readonly packs: readonly StoredPack[];
  readonly unusable: readonly UnusablePack[];
  readonly table: ContentTable;
  /** The number of each pack's first content; contents are numbered through in the order in which they lie. */
  readonly #firstContents: readonly number[];
  readonly #blocks: Uint32Array;
  /** Where in its block each content begins; threads share it. */
  readonly contentOffsets: Uint32Array;
  readonly #larges = new Map<string, LargePlace>();

  constructor(found: readonly (StoredPack | UnusablePack)[]) {
    // The largest first: of contents that several packs hold, as many as possible come from few packs.
    this.packs = found
      .filter((pack) => "index" in pack)
      .toSorted(
        (left, right) => right.allocatedBytes - left.allocatedBytes || (left.name < right.name ? -1 : 1),
      );
    this.unusable = found.filter((pack) => !("index" in pack));
    const firstContents: number[] = [];
    let count = 0;
    for (const { index } of this.packs) {
      firstContents.push(count);
      count += index.counts.contentCount;
    }
    this.#firstContents = firstContents;
    this.#blocks = new Uint32Array(count);
    this.contentOffsets = new Uint32Array(new SharedArrayBuffer(count * 4));
    const isLost = new Uint8Array(count);
    for (const [pack, { index, damagedBlocks }] of this.packs.entries()) {
      const first = firstContents[pack] ?? 0;
      for (let block = 0; block < index.counts.blockCount; block++) {
        let offset = 0;
        for (
          let content = index.firstContentOf(block);
          content < at(index.blockContentEnds, block);
          content++
        ) {
          this.#blocks[first + content] = block;
          this.contentOffsets[first + content] = offset;
          offset += at(index.contentSizes, content);
          if (damagedBlocks.has(block)) isLost[first + content] = 1;
        }
      }
      for (let large = 0; large < index.counts.largeCount; large++) {
        const digest = hexOf(
          index.largeDigests.subarray(large * DIGEST_SIZE_BYTES, (large + 1) * DIGEST_SIZE_BYTES),
        );
        if (!this.#larges.has(digest)) this.#larges.set(digest, { pack, large });
      }
    }
    this.table = contentTable(
      this.packs.map(({ index }) => index.contentIds),
      (content) => isLost[content] === 0,
    );
  }

  /** @throws BtdtError CACHE_FORMAT_NEWER; a `node:fs` error */
  static load(cache: CacheDirectory): PackContents {
    return new PackContents(
      packNames(cache)
        .map((name) => readPack(cache, name))
        .filter((pack) => pack !== undefined),
    );
  }

  get contentCount(): number {
    return this.#blocks.length;
  }

  firstContentOf(pack: number): number {
    return this.#firstContents[pack] ?? 0;
  }

  /** The number behind a pack's last content. */
  endContentOf(pack: number): number {
    return this.firstContentOf(pack) + (this.packs[pack]?.index.counts.contentCount ?? 0);
  }

  /** The number behind a block's last content. */
  endContentOfBlock(pack: number, block: number): number {
    const ends = this.packs[pack]?.index.blockContentEnds;
    return ends === undefined ? 0 : this.firstContentOf(pack) + at(ends, block);
  }

  /** Within its pack. */
  blockOf(content: number): number {
    return at(this.#blocks, content);
  }

  placeOf(content: number): ContentPlace {
    let pack = 0;
    for (let end = this.packs.length; end - pack > 1; ) {
      const middle = (pack + end) >>> 1;
      if (this.firstContentOf(middle) <= content) pack = middle;
      else end = middle;
    }
    const inPack = content - this.firstContentOf(pack);
    const sizes = this.packs[pack]?.index.contentSizes;
    return {
      pack,
      block: this.blockOf(content),
      offset: at(this.contentOffsets, content),
      sizeBytes: sizes === undefined ? 0 : at(sizes, inPack),
    };
  }

  /** The number of the content that is a small file, or -1. */
  findSmall(digest: Uint8Array, offset: number): number {
    return findContent(this.table, digest, offset);
  }

  /**
   * The numbers of the contents that make up a file, in order: one for a small file, its chunks for a large one.
   * Undefined when not all of them are there.
   */
  find(digest: Uint8Array, offset: number, sizeBytes: number): readonly number[] | undefined {
    if (sizeBytes <= CHUNK_SIZE_BYTES) {
      const content = this.findSmall(digest, offset);
      return content < 0 ? undefined : [content];
    }
    return this.findLarge(digest, offset);
  }

  /** The numbers of a large file's chunks, in order; undefined when not all of them are there. */
  findLarge(digest: Uint8Array, offset: number): readonly number[] | undefined {
    const chunks = this.chunksOf(digest.subarray(offset, offset + DIGEST_SIZE_BYTES));
    if (chunks === undefined) return undefined;
    const contents: number[] = [];
    for (let start = 0; start < chunks.length; start += DIGEST_SIZE_BYTES) {
      const content = findContent(this.table, chunks, start);
      if (content < 0) return undefined;
      contents.push(content);
    }
    return contents;
  }

  /** The digests of a large file's chunks. */
  chunksOf(digest: Uint8Array): Uint8Array | undefined {
    const place = this.largePlaceOf(digest);
    const index = place === undefined ? undefined : this.packs[place.pack]?.index;
    if (place === undefined || index === undefined) return undefined;
    return index.chunkDigests.subarray(
      index.firstChunkOf(place.large) * DIGEST_SIZE_BYTES,
      at(index.largeChunkEnds, place.large) * DIGEST_SIZE_BYTES,
    );
  }

  largePlaceOf(digest: Uint8Array): LargePlace | undefined {
    return this.#larges.get(hexOf(digest));
  }
}

compileMethodsLightly(PackContents);
