import type { ByteRange } from "../bucket/object-store.ts";
import type { StoredBlock } from "../packs/format/pack-index.ts";
import type { RemotePart } from "../packs/unpack/remote-packs.ts";

/** One request, and what it is for. */
export interface RangePlan {
  readonly pack: string;
  readonly range: ByteRange;
  readonly blocks: readonly {
    readonly part: number;
    readonly block: StoredBlock;
    /** Among the blocks of its part, back to back. */
    readonly offset: number;
  }[];
}

/** Reading over this much costs less than another request. */
const LARGEST_GAP_BYTES = 1024 * 1024;
/** Small enough that several are on the way, large enough that requests do not matter. */
const LARGEST_RANGE_BYTES = 16 * 1024 * 1024;
/** The first range, so that there is soon something to unpack; those that follow may be larger. */
const FIRST_RANGE_BYTES = 8 * 1024 * 1024;

/** Divides the blocks of parts into ranges, in their order. A block is never divided. */
export function planRanges(parts: readonly RemotePart[]): RangePlan[] {
  const ranges: {
    pack: string;
    range: { startBytes: number; endBytes: number };
    blocks: RangePlan["blocks"][number][];
  }[] = [];
  let mostBytes = FIRST_RANGE_BYTES / 2;
  for (const [part, { pack, blocks }] of parts.entries()) {
    let offset = 0;
    for (const block of blocks) {
      const endBytes = block.offset + block.storedBytes;
      const last = ranges.at(-1);
      const isNear =
        last !== undefined &&
        last.pack === pack &&
        block.offset >= last.range.endBytes &&
        block.offset - last.range.endBytes <= LARGEST_GAP_BYTES &&
        endBytes - last.range.startBytes <= mostBytes;
      if (isNear) {
        last.range.endBytes = endBytes;
        last.blocks.push({ part, block, offset });
      } else {
        mostBytes = Math.min(LARGEST_RANGE_BYTES, 2 * mostBytes);
        ranges.push({
          pack,
          range: { startBytes: block.offset, endBytes },
          blocks: [{ part, block, offset }],
        });
      }
      offset += block.storedBytes;
    }
  }
  return ranges;
}
