import type { PackContents } from "../packs/contents/pack-contents.ts";

/** Numbers what packs consist of: first the contents of all packs, then the chunk lists of large files in them. */
export class PartNumbers {
  /** How many there are. */
  readonly count: number;
  readonly #packs: PackContents;
  readonly #firstChunkLists: number[] = [];

  constructor(packs: PackContents) {
    this.#packs = packs;
    let next = packs.contentCount;
    for (const { index } of packs.packs) {
      this.#firstChunkLists.push(next);
      next += index.counts.largeCount;
    }
    this.count = next;
  }

  ofChunkList(pack: number, large: number): number {
    return (this.#firstChunkLists[pack] ?? 0) + large;
  }

  ofPack(pack: number): number[] {
    const numbers: number[] = [];
    const { counts } = this.#packs.packs[pack]?.index ?? { counts: { contentCount: 0, largeCount: 0 } };
    const first = this.#packs.firstContentOf(pack);
    for (let content = 0; content < counts.contentCount; content++) numbers.push(first + content);
    for (let large = 0; large < counts.largeCount; large++) numbers.push(this.ofChunkList(pack, large));
    return numbers;
  }
}
