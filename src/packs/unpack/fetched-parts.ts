import type { UnpackBlocksInput, UnpackedBlocks } from "./block-unpacker.ts";
import type { BlockFetch, RemotePacks } from "./remote-packs.ts";
import type { BlockToUnpack, UnpackPart, UnpackPlan } from "./unpack-plan.ts";

/** The parts of a plan whose packs are elsewhere: their blocks are fetched while earlier ones are unpacked. */
export class FetchedParts {
  readonly #numbers = new Map<UnpackPart, number>();
  readonly #fetch: BlockFetch;

  constructor(remote: RemotePacks, { parts, contents }: UnpackPlan) {
    const wanted = parts.flatMap((part) => {
      const pack = contents.packs[part.pack];
      if (pack?.isRemote !== true) return [];
      this.#numbers.set(part, this.#numbers.size);
      return [{ pack: pack.name, blocks: part.blocks }];
    });
    this.#fetch = remote.fetch(wanted);
  }

  isRemote(part: UnpackPart): boolean {
    return this.#numbers.has(part);
  }

  /** Waits for a part's blocks, and unpacks them. @throws BtdtError */
  async use(
    part: UnpackPart,
    unpack: (input: UnpackPart & Pick<UnpackBlocksInput, "access">) => Promise<UnpackedBlocks>,
  ): Promise<UnpackedBlocks> {
    const number = this.#numbers.get(part) ?? -1;
    const access = await this.#fetch.take(number);
    try {
      return await unpack({ ...part, blocks: placeBackToBack(part.blocks), access });
    } finally {
      this.#fetch.release(number);
    }
  }

  close(): void {
    this.#fetch.close();
  }
}

/** Blocks with the offsets that they have in what was fetched. */
function placeBackToBack(blocks: readonly BlockToUnpack[]): BlockToUnpack[] {
  let offset = 0;
  return blocks.map((block) => {
    const placed = { ...block, offset };
    offset += block.storedBytes;
    return placed;
  });
}
