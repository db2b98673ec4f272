import { compileMethodsLightly } from "../../base/compile-lightly.ts";
import type { Compression } from "../../base/compression.ts";
import { PinnedBuffer } from "../../fs/native/pinned-buffer.ts";
import { blockChecksum, compressBlock, LARGEST_BLOCK_BYTES } from "../format/block-codec.ts";
import { CONTENT_ID_BYTES } from "../format/index-layout.ts";
import { appendToPack, type PackFile } from "./pack-file.ts";

/** Where several threads put the blocks of one pack. */
export interface PackTarget {
  readonly compression: Compression;
  /** Undefined if blocks are returned in memory; the receiver decides where they go. */
  readonly file: PackFile | undefined;
}

/** A block in its pack, as the index will describe it. */
export interface PackedBlock {
  /** 0 for a block in memory. */
  readonly offset: number;
  /** What is stored, in memory shared between threads, unless it is in the file. */
  readonly bytes?: Uint8Array;
  readonly storedBytes: number;
  readonly codecNumber: number;
  readonly checksum: bigint;
  readonly contentSizes: readonly number[];
  /** 16 bytes each. */
  readonly contentIds: Uint8Array;
}

const NEARLY_FULL_BYTES = 0.9 * LARGEST_BLOCK_BYTES;

/**
 * Shared by all jobs of a thread, of which one runs at a time. Room for a full block and one more content, and a byte
 * after it.
 */
let sharedBuffer: PinnedBuffer | undefined;

/** Gathers contents into blocks. Contents are already in `buffer`, at `position`. */
export class BlockWriter {
  readonly blocks: PackedBlock[] = [];
  readonly buffer: PinnedBuffer;
  position = 0;
  readonly #target: PackTarget;
  #sizes: number[] = [];
  #digests: Uint8Array[] = [];

  constructor(target: PackTarget) {
    sharedBuffer ??= new PinnedBuffer(new Uint8Array(2 * LARGEST_BLOCK_BYTES + 1));
    this.buffer = sharedBuffer;
    this.#target = target;
  }

  /** Adds the content at `position`. @throws a `node:fs` error */
  add(sizeBytes: number, digest: Uint8Array): void {
    if (this.position + sizeBytes > LARGEST_BLOCK_BYTES) {
      const start = this.position;
      this.flush();
      this.buffer.bytes.copyWithin(0, start, start + sizeBytes);
    }
    this.position += sizeBytes;
    this.#sizes.push(sizeBytes);
    this.#digests.push(digest);
  }

  /** Whether the contents so far make this many blocks, the last of which is nearly full. */
  hasFilled(blockCount: number): boolean {
    return this.blocks.length >= blockCount - 1 && this.position >= NEARLY_FULL_BYTES;
  }

  /** Writes what was gathered as one block. @throws a `node:fs` error */
  flush(): void {
    if (this.position === 0) return;
    const { compression } = this.#target;
    const { codecNumber, stored } = compressBlock(this.buffer.bytes.subarray(0, this.position), compression);
    const placed = this.#place(stored);
    const contentIds = new Uint8Array(this.#digests.length * CONTENT_ID_BYTES);
    for (const [index, digest] of this.#digests.entries()) {
      contentIds.set(digest.subarray(0, CONTENT_ID_BYTES), index * CONTENT_ID_BYTES);
    }
    this.blocks.push({
      ...placed,
      storedBytes: stored.length,
      codecNumber,
      checksum: blockChecksum(stored),
      contentSizes: this.#sizes,
      contentIds,
    });
    this.position = 0;
    this.#sizes = [];
    this.#digests = [];
  }

  #place(stored: Uint8Array): Pick<PackedBlock, "offset" | "bytes"> {
    const { file } = this.#target;
    if (file === undefined) {
      const bytes = new Uint8Array(new SharedArrayBuffer(stored.length));
      bytes.set(stored);
      return { offset: 0, bytes };
    }
    return { offset: appendToPack(file, stored) };
  }
}

compileMethodsLightly(BlockWriter);
