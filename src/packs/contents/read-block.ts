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

/** @param source the descriptor of a pack, or bytes in which the block is at its offset */
export function readBlock(source: number | Uint8Array, block: StoredBlock): BlockRead {
  try {
    const stored = typeof source === "number" ? readStored(source, block) : bytesOf(source, block);
    if (stored === undefined) return DAMAGED;
    if (blockChecksum(stored) !== block.checksum) return DAMAGED;
    return { kind: "whole", content: decompressBlock(block.codecNumber, stored, block.contentBytes) };
  } catch (error) {
    if (isBtdtError(error, "PACK_DAMAGED")) return DAMAGED;
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return { kind: "unreadable", errno };
  }
}

/** Undefined if the pack ends too early. @throws a `node:fs` error */
function readStored(descriptor: number, { offset, storedBytes }: StoredBlock): Uint8Array | undefined {
  storedBuffer ??= new Uint8Array(LARGEST_BLOCK_BYTES);
  const stored = storedBuffer.subarray(0, storedBytes);
  return readFullyAt(descriptor, stored, offset) ? stored : undefined;
}

function bytesOf(bytes: Uint8Array, { offset, storedBytes }: StoredBlock): Uint8Array | undefined {
  return offset + storedBytes <= bytes.length ? bytes.subarray(offset, offset + storedBytes) : undefined;
}
