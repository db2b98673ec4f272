import { closeSync, constants, fsyncSync, mkdirSync, openSync } from "node:fs";
import { type ByteString, fsPath, joinBytes } from "../../base/byte-string.ts";
import type { Compression } from "../../base/compression.ts";
import { chunkCount, DIGEST_SIZE_BYTES, digestOfChunks } from "../../base/digest.ts";
import { emptyStatus } from "../../fs/native/file-status.ts";
import { syncDirectory, writeDurably } from "../../fs/publish-file.ts";
import type { FileBatch } from "../../read/file-groups.ts";
import { hashLargeFile } from "../../read/hash-large-file.ts";
import type { LargeFile } from "../../read/large-file.ts";
import type { Job, Runner } from "../../work/job.ts";
import { type ContentTable, contentTable } from "../contents/content-table.ts";
import { INDEX_FILE_NAME, PACK_FILE_NAME } from "../contents/pack-directory.ts";
import { encodePackHeader, encodePackIndex } from "../format/index-codec.ts";
import { NONCE_BYTES, PACK_HEADER_BYTES } from "../format/pack-index.ts";
import { type PackedBlock, type PackTarget, writeFullyAt } from "./block-writer.ts";
import { type LargeContent, packIndexOf } from "./build-index.ts";
import { type HeldContents, hasHeldObject } from "./held-contents.ts";
import { type PackedFiles, packFilesJob } from "./pack-files.ts";
import { PACK_SPAN_BYTES, packSpanJob } from "./pack-span.ts";

/** Enough to fill a block, of files as they lie in package directories. */
const BATCH_FILES = 1600;

/** A pack on disk, whole and durable, that has no name in the cache yet. */
export interface FinishedPack {
  readonly directory: ByteString;
  readonly name: string;
  readonly packBytes: number;
}

/**
 * Writes one pack, many threads at a time, in a directory of its own. To be closed whatever happens: only then do no
 * more jobs write to it.
 */
export class PackWriter {
  readonly batchFiles = BATCH_FILES;
  readonly #directory: ByteString;
  readonly #target: PackTarget;
  readonly #nonce: Uint8Array;
  readonly #blocks: PackedBlock[] = [];
  readonly #larges = new Map<string, LargeContent>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #stopFlag: Int32Array;
  #reusedCount = 0;
  /** What all jobs that pack need. */
  #shared: { readonly target: PackTarget; readonly held: HeldContents };

  private constructor(directory: ByteString, target: PackTarget, nonce: Uint8Array, held: HeldContents) {
    this.#directory = directory;
    this.#target = target;
    this.#nonce = nonce;
    this.#shared = { target, held };
    this.#stopFlag = held.stopFlag;
  }

  /**
   * @param directory is made; nothing is there yet
   * @throws a `node:fs` error
   */
  static create(directory: ByteString, compression: Compression, held: HeldContents): PackWriter {
    mkdirSync(fsPath(directory));
    const path = joinBytes(directory, PACK_FILE_NAME);
    const descriptor = openSync(fsPath(path), constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o666);
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    writeFullyAt(descriptor, encodePackHeader(nonce), 0);
    const nextOffset = new BigInt64Array(new SharedArrayBuffer(8));
    nextOffset[0] = BigInt(PACK_HEADER_BYTES);
    return new PackWriter(directory, { descriptor, nextOffset, compression }, nonce, held);
  }

  get target(): PackTarget {
    return this.#target;
  }

  /** Files whose content the cache had before. */
  get reusedCount(): number {
    return this.#reusedCount;
  }

  /** From now on everything is packed that is not in the pack yet, whatever was thought to be held. */
  distrustHeld(): void {
    const nothing = contentTable([]);
    const claims = this.#shared.held.claims.fill(0);
    this.#shared = {
      target: this.#target,
      held: { ...this.#shared.held, packed: nothing, objectContents: undefined, claims },
    };
  }

  /** @throws BtdtError SOURCE_CHANGED, SOURCE_UNREADABLE; a `node:fs` error */
  async digestBatch(runner: Runner, batch: FileBatch): Promise<PackedFiles> {
    const packed = await this.#finishing(runner.runSharing(packFilesJob, this.#shared, batch));
    this.addBlocks(packed.blocks);
    this.#reusedCount += packed.reusedCount;
    return packed;
  }

  /** @throws BtdtError SOURCE_CHANGED, SOURCE_UNREADABLE; a `node:fs` error */
  async digestLargeFile(runner: Runner, file: LargeFile & { readonly mode: number }): Promise<Uint8Array> {
    if (this.#shared.held.objectContents !== undefined) {
      const digest = await hashLargeFile(runner, file);
      const { sizeBytes, mode, mtimeSeconds, mtimeNanoseconds } = file;
      const status = { ...emptyStatus(), sizeBytes, mode, mtimeSeconds, mtimeNanoseconds };
      if (hasHeldObject(this.#shared.held, digest, 0, status)) {
        this.#reusedCount += 1;
        return digest;
      }
    }
    const chunkDigests = new Uint8Array(chunkCount(file.sizeBytes) * DIGEST_SIZE_BYTES);
    const spans: Promise<void>[] = [];
    let newBlockCount = 0;
    for (let startBytes = 0; startBytes < file.sizeBytes; startBytes += PACK_SPAN_BYTES) {
      const input = { ...file, startBytes };
      const offset = chunkCount(startBytes) * DIGEST_SIZE_BYTES;
      spans.push(
        this.#finishing(runner.runSharing(packSpanJob, this.#shared, input)).then(({ digests, blocks }) => {
          chunkDigests.set(digests, offset);
          newBlockCount += blocks.length;
          this.addBlocks(blocks);
        }),
      );
    }
    await Promise.all(spans);
    if (newBlockCount === 0) this.#reusedCount += 1;
    const digest = digestOfChunks(file.sizeBytes, chunkDigests);
    this.addLarge({ sizeBytes: file.sizeBytes, digest, chunkDigests });
    return digest;
  }

  addBlocks(blocks: readonly PackedBlock[]): void {
    this.#blocks.push(...blocks);
  }

  addLarge(large: LargeContent): void {
    this.#larges.set(Buffer.from(large.digest).toString("hex"), large);
  }

  /** What the pack holds so far. */
  contents(): ContentTable {
    return contentTable(this.#blocks.map((block) => block.contentIds));
  }

  /** The chunks of a large file that was read for this pack. */
  chunksOf(digestHex: string): Uint8Array | undefined {
    return this.#larges.get(digestHex)?.chunkDigests;
  }

  /** Runs a job that writes to the pack. */
  run<Input, Output>(runner: Runner, job: Job<Input, Output>, input: Input): Promise<Output> {
    return this.#finishing(runner.run(job, input));
  }

  async #finishing<Output>(running: Promise<Output>): Promise<Output> {
    this.#running.add(running);
    try {
      return await running;
    } catch (error) {
      Atomics.store(this.#stopFlag, 0, 1);
      throw error;
    } finally {
      this.#running.delete(running);
    }
  }

  /**
   * Makes the pack durable and writes its index; undefined when there is nothing in it.
   * @param isNeeded whether a large file's list of chunks has to be in this index
   * @throws BtdtError, a `node:fs` error
   */
  finish(isNeeded: (digestHex: string) => boolean): FinishedPack | undefined {
    const larges = [...this.#larges].filter(([digestHex]) => isNeeded(digestHex)).map(([, large]) => large);
    if (this.#blocks.length === 0 && larges.length === 0) return undefined;
    fsyncSync(this.#target.descriptor);
    const index = packIndexOf(this.#blocks, larges, this.#nonce);
    const bytes = encodePackIndex(index);
    writeDurably(joinBytes(this.#directory, INDEX_FILE_NAME), bytes);
    syncDirectory(this.#directory);
    const name = new Bun.SHA256().update(bytes).digest("hex");
    return { directory: this.#directory, name, packBytes: index.packBytes() + bytes.length };
  }

  async close(): Promise<void> {
    Atomics.store(this.#stopFlag, 0, 1);
    await Promise.allSettled(this.#running);
    closeSync(this.#target.descriptor);
  }
}
