import { hexOf } from "../../base/digest.ts";
import { buildContentTable, type ContentTable } from "../contents/content-table.ts";
import type { PackIndex } from "../format/pack-index.ts";
import type { PackedBlock, PackTarget } from "./block-writer.ts";
import { buildIndex, type LargeContent } from "./build-index.ts";

/** What receives the blocks and chunk lists of one pack, wherever they go. */
export interface PackSink {
  readonly target: PackTarget;
  /** Waits until there is room for the blocks of this much content, which `release` gives back. */
  reserve(contentBytes: number): Promise<void>;
  /** After `addBlocks`, or if there are none. */
  release(contentBytes: number): void;
  addBlocks(blocks: readonly PackedBlock[]): void;
  addLarge(large: LargeContent): void;
  /** The chunk digests of a large file that was added, 32 bytes each. */
  chunkDigestsOf(largeDigest: Uint8Array): Uint8Array | undefined;
}

/** What is in a pack that is being written, as its index will describe it. */
export class PackDraft {
  readonly #blocks: PackedBlock[] = [];
  readonly #larges = new Map<string, LargeContent>();

  addBlocks(blocks: readonly PackedBlock[]): void {
    this.#blocks.push(...blocks);
  }

  addLarge(large: LargeContent): void {
    this.#larges.set(hexOf(large.digest), large);
  }

  get isEmpty(): boolean {
    return this.#blocks.length === 0 && this.#larges.size === 0;
  }

  contents(): ContentTable {
    return buildContentTable(this.#blocks.map((block) => block.contentIds));
  }

  /** The chunk digests of a large file whose list is in the pack so far, 32 bytes each. */
  chunkDigestsOf(largeDigest: Uint8Array): Uint8Array | undefined {
    return this.#larges.get(hexOf(largeDigest))?.chunkDigests;
  }

  /**
   * A chunk list that is omitted is not in the pack, and is no longer reported as present.
   * @param isNeeded whether a large file's chunk list must be in this index
   */
  omitLists(isNeeded: (largeDigest: Uint8Array) => boolean): void {
    for (const [name, { digest }] of this.#larges) if (!isNeeded(digest)) this.#larges.delete(name);
  }

  buildIndex(nonce: Uint8Array): PackIndex {
    return buildIndex(this.#blocks, [...this.#larges.values()], nonce);
  }
}
