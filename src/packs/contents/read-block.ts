import { isBtdtError } from "../../base/errors.ts";
import { errnoOf } from "../../fs/errno.ts";
import { readFullyAt } from "../../fs/positioned-io.ts";
import { blockChecksum, decompressBlock, LARGEST_BLOCK_BYTES } from "../format/block-codec.ts";
import type { StoredBlock } from "../format/pack-index.ts";

export type BlockRead =
  /** Valid until the next block is read. */
  | { readonly kind: "whole"; readonly content: Uint8Array }
  /** Bytes were read, but are not those that the index describes. */
  | { readonly kind: "damaged" }
  /** Reading failed, which says nothing about the block. */
  | { readonly kind: "unreadable"; readonly errno: string };

const DAMAGED: BlockRead = { kind: "damaged" };

let storedBuffer: Uint8Array | undefined;

export function readBlock(descriptor: number, block: StoredBlock): BlockRead {
  storedBuffer ??= new Uint8Array(LARGEST_BLOCK_BYTES);
  const stored = storedBuffer.subarray(0, block.storedBytes);
  try {
    if (!readFullyAt(descriptor, stored, block.offset)) return DAMAGED;
    if (blockChecksum(stored) !== block.checksum) return DAMAGED;
    return { kind: "whole", content: decompressBlock(block.codecNumber, stored, block.contentBytes) };
  } catch (error) {
    if (isBtdtError(error, "PACK_DAMAGED")) return DAMAGED;
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return { kind: "unreadable", errno };
  }
}
