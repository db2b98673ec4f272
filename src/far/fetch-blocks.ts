import type { ByteRange, ObjectStore } from "../bucket/object-store.ts";
import type { PackProblem } from "../packs/contents/open-pack.ts";
import { blockChecksum } from "../packs/format/block-codec.ts";
import type { StoredBlock } from "../packs/format/pack-index.ts";
import type { BlockFetch, FetchedBlocks, RemotePart } from "../packs/unpack/remote-packs.ts";
import { packName } from "./bucket-layout.ts";
import { planRanges, type RangePlan } from "./plan-ranges.ts";

/** Enough to use the bandwidth of one server by several connections. */
const MOST_IN_FLIGHT = 8;
/** What is fetched and not unpacked yet. */
const WINDOW_BYTES = 128 * 1024 * 1024;

interface PartState {
  /** Made when the first block arrives. */
  bytes: Uint8Array | undefined;
  readonly sizeBytes: number;
  missingBlocks: number;
  problem: PackProblem | undefined;
  readonly arrival: PromiseWithResolvers<void>;
}

/**
 * Fetches blocks in large ranges, several at a time and in the order in which they are unpacked; what is ahead of
 * that is bounded.
 */
export class RangeFetch implements BlockFetch {
  readonly #store: ObjectStore;
  readonly #ranges: readonly RangePlan[];
  readonly #parts: readonly PartState[];
  #next = 0;
  #inFlight = 0;
  #heldBytes = 0;
  #isClosed = false;

  constructor(store: ObjectStore, parts: readonly RemotePart[]) {
    this.#store = store;
    this.#ranges = planRanges(parts);
    this.#parts = parts.map(({ blocks }) => {
      const arrival = Promise.withResolvers<void>();
      // It may fail before the part is taken, and is reported then.
      arrival.promise.catch(() => undefined);
      const sizeBytes = blocks.reduce((sum, block) => sum + block.storedBytes, 0);
      return { bytes: undefined, sizeBytes, missingBlocks: blocks.length, problem: undefined, arrival };
    });
    this.#fetchMore();
  }

  async take(part: number): Promise<FetchedBlocks | PackProblem> {
    const state = this.#parts[part];
    if (state === undefined) throw new RangeError(`there is no part ${part}`);
    await state.arrival.promise;
    return state.problem ?? { kind: "fetched", bytes: state.bytes ?? new Uint8Array(0) };
  }

  release(part: number): void {
    const state = this.#parts[part];
    if (state?.bytes === undefined) return;
    state.bytes = undefined;
    this.#heldBytes -= state.sizeBytes;
    this.#fetchMore();
  }

  close(): void {
    this.#isClosed = true;
  }

  #fetchMore(): void {
    while (!this.#isClosed && this.#inFlight < MOST_IN_FLIGHT && this.#heldBytes < WINDOW_BYTES) {
      const range = this.#ranges[this.#next];
      if (range === undefined) return;
      this.#next += 1;
      this.#inFlight += 1;
      void this.#fetch(range).finally(() => {
        this.#inFlight -= 1;
        this.#fetchMore();
      });
    }
  }

  async #fetch({ pack, range, blocks }: RangePlan): Promise<void> {
    for (const { part } of blocks) this.#hold(part);
    try {
      const fetched = await this.#fetchSound(pack, range, blocks);
      for (const { part, block, offset } of blocks) {
        const state = this.#parts[part];
        if (state === undefined) continue;
        if (fetched === undefined) state.problem = { kind: "gone" };
        // What is too short stays zero, and is found damaged.
        else state.bytes?.set(bytesOf(fetched, block, range), offset);
        state.missingBlocks -= 1;
        if (state.missingBlocks === 0) state.arrival.resolve();
      }
    } catch (error) {
      for (const { part } of blocks) this.#parts[part]?.arrival.reject(error);
    }
  }

  #hold(part: number): void {
    const state = this.#parts[part];
    if (state === undefined || state.bytes !== undefined) return;
    state.bytes = new Uint8Array(new SharedArrayBuffer(state.sizeBytes));
    this.#heldBytes += state.sizeBytes;
  }

  /** Undefined if the pack is gone. What is damaged on the way is fetched once more. */
  async #fetchSound(
    pack: string,
    range: ByteRange,
    blocks: RangePlan["blocks"],
  ): Promise<Uint8Array | undefined> {
    for (let attempt = 1; ; attempt++) {
      const found = await this.#store.get(packName(pack), range);
      if (found.kind === "missing") return undefined;
      const isSound = blocks.every(
        ({ block }) => blockChecksum(bytesOf(found.bytes, block, range)) === block.checksum,
      );
      if (isSound || attempt === 2) return found.bytes;
    }
  }
}

function bytesOf(
  fetched: Uint8Array,
  { offset, storedBytes }: StoredBlock,
  { startBytes }: ByteRange,
): Uint8Array {
  return fetched.subarray(offset - startBytes, offset - startBytes + storedBytes);
}
