/**
 * Writes one pack at a time, from many threads, in a session's directory. `contents/pack-directory` publishes it once
 * it is complete and durable.
 */

import { closeSync, fsyncSync } from "node:fs";
import { type ByteString, joinBytes } from "../../base/byte-string.ts";
import type { Compression } from "../../base/compression.ts";
import type { AccessPolicy } from "../../fs/access-policy.ts";
import { closeWritten } from "../../fs/native/close-written.ts";
import { syncDirectory, writeDurably } from "../../fs/publish-file.ts";
import type { ContentTable } from "../contents/content-table.ts";
import { INDEX_FILE_NAME } from "../contents/pack-directory.ts";
import type { BlockToVerify } from "../contents/verify-blocks.ts";
import { encodePackIndex } from "../format/index-codec.ts";
import type { PackedBlock, PackTarget } from "./block-writer.ts";
import type { LargeContent } from "./build-index.ts";
import { PackDraft, type PackSink } from "./pack-draft.ts";
import { appendToPack, describePackFile, descriptorOf, openPackFile, type PackFile } from "./pack-file.ts";

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
  readonly #draft = new PackDraft();
  #isClosed = false;

  /**
   * Makes nothing as long as nothing is written.
   * @param directory must not exist
   * @param policy who may use the pack
   */
  constructor(directory: ByteString, compression: Compression, policy: AccessPolicy) {
    this.#file = describePackFile(directory, policy);
    this.target = { compression, file: this.#file };
  }

  /** There is always room in a file. */
  async reserve(): Promise<void> {}

  release(): void {}

  addBlocks(blocks: readonly PackedBlock[]): void {
    this.#draft.addBlocks(blocks);
  }

  /** Adds a block of another pack. @param bytes as stored there @throws a `node:fs` error */
  addCopy(bytes: Uint8Array, { block, contentSizes, contentIds }: BlockToVerify): void {
    const offset = appendToPack(this.#file, bytes);
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
    const { directory, policy, nonce } = this.#file;
    // There is none yet if there are only chunk lists.
    const descriptor = openPackFile(this.#file);
    fsyncSync(descriptor);
    this.#isClosed = true;
    closeWritten(descriptor);
    const index = this.#draft.buildIndex(nonce);
    const bytes = encodePackIndex(index);
    writeDurably(joinBytes(directory, INDEX_FILE_NAME), bytes, policy);
    syncDirectory(directory);
    const name = new Bun.SHA256().update(bytes).digest("hex");
    return { directory, name, packBytes: index.packBytes() + bytes.length };
  }

  /** Abandons an unfinished pack; does nothing to a finished one. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const descriptor = descriptorOf(this.#file);
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
