import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { at } from "../manifest/manifest.ts";
import type { PackContents } from "../packs/contents/pack-contents.ts";

/**
 * What packs hold, numbered behind the objects, so that one plan counts references to both: first all contents, then all
 * large files' lists of chunks.
 */
export class PackItems {
  readonly #contents: PackContents;
  readonly #firstItem: number;
  readonly #firstLarges: number[] = [];
  readonly #itemCount: number;

  constructor(contents: PackContents, objectCount: number) {
    this.#contents = contents;
    this.#firstItem = objectCount;
    let next = objectCount + contents.contentCount;
    for (const { index } of contents.packs) {
      this.#firstLarges.push(next);
      next += index.counts.largeCount;
    }
    this.#itemCount = next;
  }

  itemOfContent(content: number): number {
    return this.#firstItem + content;
  }

  itemOfLarge(pack: number, large: number): number {
    return (this.#firstLarges[pack] ?? 0) + large;
  }

  /** What each takes on disk: of a block, in proportion to its size. */
  bytes(): number[] {
    const bytes: number[] = [];
    for (const { index } of this.#contents.packs) {
      for (let block = 0; block < index.counts.blockCount; block++) {
        const ratio = at(index.blockStoredSizes, block) / index.blockContentBytes(block);
        for (
          let content = index.firstContentOf(block);
          content < at(index.blockContentEnds, block);
          content++
        ) {
          bytes.push(at(index.contentSizes, content) * ratio);
        }
      }
    }
    for (const { index } of this.#contents.packs) {
      for (let large = 0; large < index.counts.largeCount; large++) {
        bytes.push((at(index.largeChunkEnds, large) - index.firstChunkOf(large)) * DIGEST_SIZE_BYTES);
      }
    }
    return bytes;
  }

  get itemCount(): number {
    return this.#itemCount;
  }
}
