/**
 * Writes one pack at a time, from many threads, in a session's directory. `contents/pack-directory` publishes it once
 * it is complete and durable.
 */

import { closeSync, fsyncSync } from "node:fs";
import { type ByteString, joinBytes } from "../../base/byte-string.ts";
import type { Compression } from "../../base/compression.ts";
import { type AccessPolicy, makeDirectoryWith } from "../../fs/access-policy.ts";
import { closeWritten } from "../../fs/native/close-written.ts";
import { writeFullyAt } from "../../fs/positioned-io.ts";
import { syncDirectory, writeDurably } from "../../fs/publish-file.ts";
import { createFile } from "../../fs/regular-file.ts";
import type { ContentTable } from "../contents/content-table.ts";
import { INDEX_FILE_NAME, PACK_FILE_NAME } from "../contents/pack-directory.ts";
import type { BlockToVerify } from "../contents/verify-blocks.ts";
import { encodePackHeader, encodePackIndex } from "../format/index-codec.ts";
import { NONCE_BYTES, PACK_HEADER_BYTES } from "../format/index-layout.ts";
import type { PackedBlock, PackFile, PackTarget } from "./block-writer.ts";
import type { LargeContent } from "./build-index.ts";
import { PackDraft, type PackSink } from "./pack-draft.ts";

/** A pack on disk, complete and durable, but not published yet. */
export interface FinishedPack {
  readonly directory: ByteString;
  readonly name: string;
  readonly packBytes: number;
}

/** A pack that is being written, in its own directory. Close it when no job writes to it any more. */
export class PackWriter implements PackSink {
  readonly target: PackTarget;
  readonly #file: PackFile;
  readonly #directory: ByteString;
  readonly #nonce: Uint8Array;
  readonly #policy: AccessPolicy;
  readonly #draft = new PackDraft();
  #isClosed = false;

  private constructor(
    directory: ByteString,
    file: PackFile,
    compression: Compression,
    nonce: Uint8Array,
    policy: AccessPolicy,
  ) {
    this.#directory = directory;
    this.#file = file;
    this.target = { compression, file };
    this.#nonce = nonce;
    this.#policy = policy;
  }

  /**
   * @param directory is created; must not exist
   * @param policy who may use the pack
   * @throws a `node:fs` error
   */
  static create(directory: ByteString, compression: Compression, policy: AccessPolicy): PackWriter {
    makeDirectoryWith(policy, directory);
    const descriptor = createFile(joinBytes(directory, PACK_FILE_NAME), policy);
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const nextOffset = new BigInt64Array(new SharedArrayBuffer(8));
    nextOffset[0] = BigInt(PACK_HEADER_BYTES);
    const writer = new PackWriter(directory, { descriptor, nextOffset }, compression, nonce, policy);
    try {
      writeFullyAt(descriptor, encodePackHeader(nonce), 0);
    } catch (error) {
      writer.close();
      throw error;
    }
    return writer;
  }

  /** There is always room in a file. */
  async reserve(): Promise<void> {}

  release(): void {}

  addBlocks(blocks: readonly PackedBlock[]): void {
    this.#draft.addBlocks(blocks);
  }

  /** Adds a block of another pack. @param bytes as stored there @throws a `node:fs` error */
  addCopy(bytes: Uint8Array, { block, contentSizes, contentIds }: BlockToVerify): void {
    const offset = Number(Atomics.add(this.#file.nextOffset, 0, BigInt(bytes.length)));
    writeFullyAt(this.#file.descriptor, bytes, offset);
    const { storedBytes, codecNumber, checksum } = block;
    const sizes = [...contentSizes];
    this.#draft.addBlocks([{ offset, storedBytes, codecNumber, checksum, contentSizes: sizes, contentIds }]);
  }

  addLarge(large: LargeContent): void {
    this.#draft.addLarge(large);
  }

  /** The contents of the pack so far. */
  contents(): ContentTable {
    return this.#draft.contents();
  }

  /** The chunk digests of a large file whose list is in the pack so far, 32 bytes each. */
  chunkDigestsOf(largeDigest: Uint8Array): Uint8Array | undefined {
    return this.#draft.chunkDigestsOf(largeDigest);
  }

  /**
   * Makes the pack durable and writes its index; returns undefined if it is empty.
   * @param isListNeeded whether a large file's chunk list must be in this index
   * @throws BtdtError, a `node:fs` error
   */
  finish(isListNeeded: (largeDigest: Uint8Array) => boolean): FinishedPack | undefined {
    this.#draft.omitLists(isListNeeded);
    if (this.#draft.isEmpty) return undefined;
    fsyncSync(this.#file.descriptor);
    this.#isClosed = true;
    closeWritten(this.#file.descriptor);
    const index = this.#draft.buildIndex(this.#nonce);
    const bytes = encodePackIndex(index);
    writeDurably(joinBytes(this.#directory, INDEX_FILE_NAME), bytes, this.#policy);
    syncDirectory(this.#directory);
    const name = new Bun.SHA256().update(bytes).digest("hex");
    return { directory: this.#directory, name, packBytes: index.packBytes() + bytes.length };
  }

  /** Abandons an unfinished pack; does nothing to a finished one. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSync(this.#file.descriptor);
  }
}
