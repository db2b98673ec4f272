import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { at } from "../manifest/manifest.ts";
import type { StoredObject } from "../objects/list-objects.ts";
import { EXCLUSIVE_ENDING } from "../objects/object-name.ts";
import type { PackContents } from "../packs/contents/pack-contents.ts";

export interface StoredManifest {
  readonly kind: "manifest";
  /** The digest, 64 hexadecimal digits. */
  readonly name: string;
  readonly allocatedBytes: number;
  /** When it was last needed, by the file system's clock. */
  readonly changedMs: number;
}

export type StoredFile = ({ readonly kind: "object" } & StoredObject) | StoredManifest;

/**
 * Numbers everything that entries can need, so that one plan can count references to all of it: first the contents of
 * packs, then the chunk lists of large files in packs, then objects and manifests in the order they were found.
 */
export class Items {
  /** Items before this one are parts of packs. */
  readonly firstFile: number;
  readonly #packs: PackContents;
  readonly #firstChunkLists: number[] = [];
  readonly #files: StoredFile[] = [];
  readonly #itemOfName = new Map<string, number>();
  #hasExclusiveObjects = false;

  constructor(packs: PackContents) {
    this.#packs = packs;
    let next = packs.contentCount;
    for (const { index } of packs.packs) {
      this.#firstChunkLists.push(next);
      next += index.counts.largeCount;
    }
    this.firstFile = next;
  }

  get hasExclusiveObjects(): boolean {
    return this.#hasExclusiveObjects;
  }

  get count(): number {
    return this.firstFile + this.#files.length;
  }

  /** @param content numbered across all packs */
  itemOfContent(content: number): number {
    return content;
  }

  itemOfChunkList(pack: number, large: number): number {
    return (this.#firstChunkLists[pack] ?? 0) + large;
  }

  itemsOfPack(pack: number): number[] {
    const items: number[] = [];
    const { counts } = this.#packs.packs[pack]?.index ?? { counts: { contentCount: 0, largeCount: 0 } };
    const first = this.#packs.firstContentOf(pack);
    for (let content = 0; content < counts.contentCount; content++) {
      items.push(this.itemOfContent(first + content));
    }
    for (let large = 0; large < counts.largeCount; large++) items.push(this.itemOfChunkList(pack, large));
    return items;
  }

  /** The item of an object or a manifest, whose names never coincide; undefined if it was not found. */
  itemOfFile(name: string): number | undefined {
    return this.#itemOfName.get(name);
  }

  fileOf(item: number): StoredFile | undefined {
    return this.#files[item - this.firstFile];
  }

  addFile(file: StoredFile): number {
    const item = this.count;
    this.#files.push(file);
    this.#itemOfName.set(file.name, item);
    this.#hasExclusiveObjects ||= file.name.endsWith(EXCLUSIVE_ENDING);
    return item;
  }

  /** With their items. */
  *files(): Generator<readonly [number, StoredFile]> {
    for (const [index, file] of this.#files.entries()) yield [this.firstFile + index, file];
  }

  /** The disk space that each takes: of a block, in proportion to its size. */
  measure(): number[] {
    const bytes: number[] = [];
    for (const { index } of this.#packs.packs) {
      for (let block = 0; block < index.counts.blockCount; block++) {
        const ratio = at(index.blockStoredSizes, block) / index.blockContentBytes(block);
        const end = at(index.blockContentEnds, block);
        for (let content = index.firstContentOf(block); content < end; content++) {
          bytes.push(at(index.contentSizes, content) * ratio);
        }
      }
    }
    for (const { index } of this.#packs.packs) {
      for (let large = 0; large < index.counts.largeCount; large++) {
        bytes.push((at(index.largeChunkEnds, large) - index.firstChunkOf(large)) * DIGEST_SIZE_BYTES);
      }
    }
    for (const { allocatedBytes } of this.#files) bytes.push(allocatedBytes);
    return bytes;
  }
}
