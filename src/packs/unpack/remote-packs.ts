import type { PackProblem } from "../contents/open-pack.ts";
import type { StoredPack } from "../contents/read-pack.ts";
import type { StoredBlock } from "../format/pack-index.ts";

/** Packs that are not in the cache directory. Their indexes are known; their blocks are fetched when they are needed. */
export interface RemotePacks {
  /** Their names differ from those of all packs in a cache directory. */
  readonly packs: readonly StoredPack[];
  /** Begins to fetch blocks, in the order of the parts. */
  fetch(parts: readonly RemotePart[]): BlockFetch;
  /** A block was fetched twice and found damaged, or does not have what its index says. */
  noteDamagedBlock(pack: string, block: number): Promise<void>;
}

/** Blocks of one pack, in its order. */
export interface RemotePart {
  readonly pack: string;
  readonly blocks: readonly StoredBlock[];
}

/** The blocks of a part, back to back, in memory shared between threads. */
export interface FetchedBlocks {
  readonly kind: "fetched";
  readonly bytes: Uint8Array;
}

export interface BlockFetch {
  /**
   * Settles when all blocks of a part are there, or cannot be had. Parts have to be taken in their order, and each is
   * released once it is used: until then, it counts as memory in use, and what comes later is not fetched.
   * @throws BtdtError BUCKET_UNAVAILABLE, BUCKET_NOT_ACCESSIBLE, CANCELLED
   */
  take(part: number): Promise<FetchedBlocks | PackProblem>;
  release(part: number): void;
  /** Fetches nothing more; call it in any case. */
  close(): void;
}
