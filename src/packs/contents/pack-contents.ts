/**
 * Knows what the packs of a cache contain, and where. Reading starts here: the indexes become one table of contents,
 * in which everything else looks up contents and finds their blocks.
 */

import { compileLightly, compileMethodsLightly } from "../../base/compile-lightly.ts";
import { CHUNK_SIZE_BYTES, DIGEST_SIZE_BYTES, hexOf } from "../../base/digest.ts";
import type { CacheDirectory } from "../../cache/cache-directory.ts";
import { at } from "../../manifest/manifest.ts";
import type { PackIndex } from "../format/pack-index.ts";
import { buildContentTable, type ContentTable, findContent, NOT_FOUND } from "./content-table.ts";
import { listPacks } from "./pack-directory.ts";
import {
  type DamagedPack,
  type FoundPack,
  readPack,
  type StoredPack,
  type UnreadablePack,
} from "./read-pack.ts";

/** Where a content is. */
export interface ContentPlace {
  readonly pack: number;
  readonly block: number;
  /** Within the block's content. */
  readonly offset: number;
  readonly sizeBytes: number;
}

/** The chunk list of a large file, in the index of one pack. */
export interface LargePlace {
  readonly pack: number;
  readonly large: number;
}

/** Which contents the packs of a cache contain, from their indexes alone. */
export class PackContents {
  readonly packs: readonly StoredPack[];
  readonly damaged: readonly DamagedPack[];
  /** Their contents are unknown: a content that is not found elsewhere may be in them. */
  readonly unreadable: readonly UnreadablePack[];
  readonly table: ContentTable;
  /** The number of each pack's first content; contents are numbered consecutively in the order of the packs. */
  readonly #firstContents: readonly number[];
  readonly #blocks: Uint32Array;
  /** The offset of each content in its block; shared between threads. */
  readonly contentOffsets: Uint32Array;
  readonly #larges = new Map<string, LargePlace>();

  constructor(found: readonly FoundPack[]) {
    this.packs = found.filter((pack) => pack.kind === "stored").toSorted(compareUse);
    this.damaged = found.filter((pack) => pack.kind === "damaged");
    this.unreadable = found.filter((pack) => pack.kind === "unreadable");
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
      placeContents(index, this.contentOffsets.subarray(first));
      for (let block = 0; block < index.counts.blockCount; block++) {
        const [start, end] = [index.firstContentOf(block), at(index.blockContentEnds, block)];
        this.#blocks.fill(block, first + start, first + end);
        if (damagedBlocks.has(block)) isLost.fill(1, first + start, first + end);
      }
      for (let large = 0; large < index.counts.largeCount; large++) {
        const digest = hexOf(index.largeDigestAt(large));
        if (!this.#larges.has(digest)) this.#larges.set(digest, { pack, large });
      }
    }
    this.table = buildContentTable(
      this.packs.map(({ index }) => index.contentIds),
      isLost,
    );
  }

  /**
   * @param names of the packs; those that are gone by now are left out
   * @param remote packs elsewhere
   * @throws BtdtError CACHE_FORMAT_NEWER; a `node:fs` error if the packs cannot be listed
   */
  static load(
    cache: CacheDirectory,
    names: readonly string[] = listPacks(cache),
    remote: readonly StoredPack[] = [],
  ): PackContents {
    const found = names.map((name) => readPack(cache, name)).filter((pack) => pack !== undefined);
    return new PackContents([...found, ...remote]);
  }

  get contentCount(): number {
    return this.#blocks.length;
  }

  firstContentOf(pack: number): number {
    return this.#firstContents[pack] ?? 0;
  }

  /** The number after a pack's last content. */
  endContentOf(pack: number): number {
    return this.firstContentOf(pack) + (this.packs[pack]?.index.counts.contentCount ?? 0);
  }

  /** The number after a block's last content. */
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

  /** The number of the content of a small file, or NOT_FOUND. */
  findSmall(digest: Uint8Array, offset: number): number {
    return findContent(this.table, digest, offset);
  }

  /**
   * The numbers of the contents of a file, in order: one for a small file, its chunks for a large one. Undefined if
   * some are missing.
   */
  findFile(digest: Uint8Array, offset: number, sizeBytes: number): readonly number[] | undefined {
    if (sizeBytes > CHUNK_SIZE_BYTES)
      return this.findChunks(digest.subarray(offset, offset + DIGEST_SIZE_BYTES), sizeBytes);
    const content = this.findSmall(digest, offset);
    return content === NOT_FOUND ? undefined : [content];
  }

  /**
   * The numbers of a large file's chunks, in order. Undefined if some are missing, or if the file with this digest has
   * another size: manifests are not trusted.
   */
  findChunks(largeDigest: Uint8Array, sizeBytes: number): readonly number[] | undefined {
    const contents = this.findKnownChunks(largeDigest, sizeBytes);
    return contents?.includes(NOT_FOUND) === true ? undefined : contents;
  }

  /** The same, with NOT_FOUND for each missing chunk; undefined only if there is no list of them. */
  findKnownChunks(largeDigest: Uint8Array, sizeBytes: number): readonly number[] | undefined {
    const place = this.largePlaceOf(largeDigest);
    const index = place && this.packs[place.pack]?.index;
    if (place === undefined || index?.largeSizes[place.large] !== sizeBytes) return undefined;
    const digests = index.chunkDigestsOf(place.large);
    const contents: number[] = [];
    for (let offset = 0; offset < digests.length; offset += DIGEST_SIZE_BYTES) {
      contents.push(findContent(this.table, digests, offset));
    }
    return contents;
  }

  /** The digests of a large file's chunks, 32 bytes each. */
  chunkDigestsOf(largeDigest: Uint8Array): Uint8Array | undefined {
    const place = this.largePlaceOf(largeDigest);
    return place && this.packs[place.pack]?.index.chunkDigestsOf(place.large);
  }

  largePlaceOf(largeDigest: Uint8Array): LargePlace | undefined {
    return this.#larges.get(hexOf(largeDigest));
  }
}

/** Fills in the offset of each content in its block. */
function placeContents({ blockContentEnds, contentSizes }: PackIndex, offsets: Uint32Array): void {
  let content = 0;
  for (let block = 0; block < blockContentEnds.length; block++) {
    const end = blockContentEnds[block] ?? 0;
    for (let offset = 0; content < end; content++) {
      offsets[content] = offset;
      offset += contentSizes[content] ?? 0;
    }
  }
}

/**
 * What is nearest comes first, then the largest, so that contents in several packs come from as few packs as possible.
 */
function compareUse(left: StoredPack, right: StoredPack): number {
  return (
    Number(left.isRemote ?? false) - Number(right.isRemote ?? false) ||
    right.allocatedBytes - left.allocatedBytes ||
    (left.name < right.name ? -1 : 1)
  );
}

compileLightly(placeContents);
compileMethodsLightly(PackContents);
