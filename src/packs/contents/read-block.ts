import { readSync } from "node:fs";
import { isBtdtError } from "../../base/errors.ts";
import { decompressBlock, LARGEST_BLOCK_BYTES } from "../format/block-codec.ts";
import { blockChecksum } from "../write/block-writer.ts";

/** Where a block lies in its pack, and what is known of it before it is read. */
export interface StoredBlock {
  readonly offset: number;
  readonly storedBytes: number;
  readonly contentBytes: number;
  readonly codecNumber: number;
  readonly checksum: bigint;
}

let storedBuffer: Uint8Array | undefined;

/** Undefined when the block cannot be read or is not what its index says. */
export function readBlock(descriptor: number, block: StoredBlock): Uint8Array | undefined {
  storedBuffer ??= new Uint8Array(LARGEST_BLOCK_BYTES);
  const stored = storedBuffer.subarray(0, block.storedBytes);
  try {
    if (!readFullyAt(descriptor, stored, block.offset)) return undefined;
    if (blockChecksum(stored) !== block.checksum) return undefined;
    return decompressBlock(block.codecNumber, stored, block.contentBytes);
  } catch (error) {
    if (isBtdtError(error, "PACK_DAMAGED")) return undefined;
    // Reading failed: nothing has been written yet.
    if (error instanceof Error && "code" in error) return undefined;
    throw error;
  }
}

function readFullyAt(descriptor: number, into: Uint8Array, offset: number): boolean {
  for (let done = 0; done < into.length; ) {
    const count = readSync(descriptor, into, done, into.length - done, offset + done);
    if (count === 0) return false;
    done += count;
  }
  return true;
}
