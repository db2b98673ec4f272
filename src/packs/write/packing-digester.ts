import type { ByteString } from "../../base/byte-string.ts";
import { chunkCount, DIGEST_SIZE_BYTES, digestOfChunks } from "../../base/digest.ts";
import { emptyStatus } from "../../fs/native/file-status.ts";
import type { Digester } from "../../read/digester.ts";
import type { FileBatch } from "../../read/file-groups.ts";
import { hashLargeFile } from "../../read/hash-large-file.ts";
import type { LargeFile } from "../../read/large-file.ts";
import { failureOf } from "../../read/source-failure.ts";
import type { Runner } from "../../work/job.ts";
import { buildContentTable } from "../contents/content-table.ts";
import { LARGEST_BLOCK_BYTES } from "../format/block-codec.ts";
import { type HeldContents, holdsObject } from "./held-contents.ts";
import type { PackSink } from "./pack-draft.ts";
import { type PackFilesOutput, packFilesJob } from "./pack-files.ts";
import { PACK_SPAN_BYTES, packSpanJob } from "./pack-span.ts";

/** Enough typical files of package directories to fill a block. */
const BATCH_FILES = 1600;
/** The same where more threads than processors wait for them: enough work for all, and fairly full blocks. */
const SLOW_BATCH_FILES = 400;
/** What a job of them fills: see `pack-files.ts`. */
const BATCH_BYTES = 2 * LARGEST_BLOCK_BYTES;

/** Packs the contents of a source's files as they are read, except for those that the cache has. */
export class PackingDigester implements Digester {
  readonly batchFiles = BATCH_FILES;
  readonly slowBatchFiles = SLOW_BATCH_FILES;
  readonly #held: HeldContents;
  readonly #running = new Set<Promise<unknown>>();
  readonly #stopFlag: Int32Array;
  #writer: PackSink;
  /** What all jobs need; the same object as long as nothing in it changes, so that it is sent once. */
  #shared: { readonly target: PackSink["target"]; readonly held: HeldContents };
  #reusedCount = 0;

  constructor(writer: PackSink, held: HeldContents) {
    this.#writer = writer;
    this.#held = held;
    this.#stopFlag = held.stopFlag;
    this.#shared = { target: writer.target, held };
  }

  /** Files whose content was already in the cache. */
  get reusedCount(): number {
    return this.#reusedCount;
  }

  /** What was read since then is read again. */
  forgetReused(reusedCount: number): void {
    this.#reusedCount = reusedCount;
  }

  /** From now on, everything is packed into another pack, even contents that were believed to be in the cache. */
  switchTo(writer: PackSink): void {
    this.#writer = writer;
    const held = {
      ...this.#held,
      packed: buildContentTable([]),
      objectContents: undefined,
      claims: this.#held.claims.fill(0),
    };
    this.#shared = { target: writer.target, held };
  }

  /** @throws a `node:fs` error */
  async digestBatch(runner: Runner, batch: FileBatch): Promise<PackFilesOutput> {
    const writer = this.#writer;
    await writer.reserve(BATCH_BYTES);
    try {
      const packed = await this.#track(runner.runSharing(packFilesJob, this.#shared, batch));
      writer.addBlocks(packed.blocks);
      this.#reusedCount += packed.reusedCount;
      return packed;
    } finally {
      writer.release(BATCH_BYTES);
    }
  }

  /** @throws BtdtError SOURCE_CHANGED, SOURCE_UNREADABLE; a `node:fs` error */
  async digestLargeFile(runner: Runner, file: LargeFile & { readonly mode: number }): Promise<Uint8Array> {
    const writer = this.#writer;
    if (this.#shared.held.objectContents !== undefined) {
      const digest = await hashLargeFile(runner, file);
      const { sizeBytes, mode, mtimeSeconds, mtimeNanoseconds } = file;
      const status = { ...emptyStatus(), sizeBytes, mode, mtimeSeconds, mtimeNanoseconds };
      if (holdsObject(this.#shared.held, digest, 0, status)) {
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
      await writer.reserve(PACK_SPAN_BYTES);
      const span = this.#track(runner.runSharing(packSpanJob, this.#shared, input))
        .then(({ digests, blocks }) => {
          chunkDigests.set(digests, offset);
          newBlockCount += blocks.length;
          writer.addBlocks(blocks);
        })
        .finally(() => writer.release(PACK_SPAN_BYTES));
      // It may fail while others wait for room; it is awaited with them.
      span.catch(() => undefined);
      spans.push(span);
    }
    await settleAll(spans);
    const digest = digestOfChunks(file.sizeBytes, chunkDigests);
    if (newBlockCount === 0 && writer.chunkDigestsOf(digest) === undefined) this.#reusedCount += 1;
    writer.addLarge({ sizeBytes: file.sizeBytes, digest, chunkDigests });
    return digest;
  }

  /** After a failure, the other jobs are pointless, unless a file can be left out because of it. */
  async #track<Output>(running: Promise<Output>): Promise<Output> {
    this.#running.add(running);
    try {
      return await running;
    } catch (error) {
      if (!isSourceFailure(error)) Atomics.store(this.#stopFlag, 0, 1);
      throw error;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Stops the running jobs; when it settles, none writes any more. */
  async stop(): Promise<void> {
    Atomics.store(this.#stopFlag, 0, 1);
    await Promise.allSettled(this.#running);
  }
}

function isSourceFailure(error: unknown): boolean {
  return failureOf(error, "" as ByteString) !== undefined;
}

/** Like `Promise.all`, but none is still running when it fails. */
async function settleAll(running: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(running);
  await Promise.all(running);
}
