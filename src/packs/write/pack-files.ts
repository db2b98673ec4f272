import { compileMethodsLightly } from "../../base/compile-lightly.ts";
import { DIGEST_SIZE_BYTES } from "../../base/digest.ts";
import { BtdtError } from "../../base/errors.ts";
import type { FileStatus } from "../../fs/native/file-status.ts";
import type { PathBuffer } from "../../fs/native/path-buffer.ts";
import { type FileColumns, measureWork } from "../../read/file-columns.ts";
import type { FileBatch } from "../../read/file-groups.ts";
import { readSmallFile } from "../../read/read-small-file.ts";
import { type FileVisitor, type VisitOutcome, visitFiles } from "../../read/visit-files.ts";
import type { Job, RunContext } from "../../work/job.ts";
import { findContent, NOT_FOUND } from "../contents/content-table.ts";
import { BlockWriter, type PackedBlock, type PackTarget } from "./block-writer.ts";
import { claimContent } from "./content-claims.ts";
import { type HeldContents, holdsObject } from "./held-contents.ts";

export interface PackFilesInput extends FileBatch {
  readonly target: PackTarget;
  readonly held: HeldContents;
}

/** The files, and the blocks with their contents. */
export interface PackFilesOutput extends FileColumns {
  readonly blocks: readonly PackedBlock[];
  /** Files whose content was already in the cache. */
  readonly reusedCount: number;
}

/**
 * Reads and hashes files, and packs the contents that the cache does not have yet, in one pass over the source.
 * @throws BtdtError SOURCE_CHANGED, SOURCE_UNREADABLE, CANCELLED; a `node:fs` error: the pack cannot be written
 */
export const packFilesJob: Job<PackFilesInput, PackFilesOutput> = {
  name: "pack-files",
  isHeavy: true,
  run({ target, held, ...batch }, context) {
    const packer = new FilePacker(new BlockWriter(target), held, context);
    const columns = visitFiles(batch, packer);
    if (packer.isStopped()) throw new BtdtError("CANCELLED", "stopped before all files were packed");
    packer.writer.flush();
    return { ...columns, blocks: packer.writer.blocks, reusedCount: packer.reusedCount };
  },
  workOf: (_input, output) => measureWork(output),
};

/** Keeps jobs short, so that no thread has much left to do at the end of a store when the others are idle. */
const ENOUGH_BLOCKS = 2;
/** A job that stops early fills its last block less well: not as soon as others do. */
const SHORTEST_RUN_MS = 500;

class FilePacker implements FileVisitor {
  reusedCount = 0;
  readonly writer: BlockWriter;
  private readonly held: HeldContents;
  private readonly context: RunContext;
  private readonly startNs = Bun.nanoseconds();
  private visitedCount = 0;

  constructor(writer: BlockWriter, held: HeldContents, context: RunContext) {
    this.writer = writer;
    this.held = held;
    this.context = context;
  }

  hasEnough(): boolean {
    if (this.writer.hasFilled(ENOUGH_BLOCKS) || this.isStopped()) return true;
    // Without any, nothing would ever be done.
    if (this.visitedCount === 0 || !this.context.isOverdue()) return false;
    return Bun.nanoseconds() - this.startNs > SHORTEST_RUN_MS * 1e6;
  }

  isStopped(): boolean {
    return this.context.isCancelled() || Atomics.load(this.held.stopFlag, 0) !== 0;
  }

  visit(path: PathBuffer, status: FileStatus, digests: Uint8Array, offset: number): VisitOutcome {
    const { writer, held } = this;
    this.visitedCount += 1;
    const outcome = readSmallFile(path, status, writer.buffer, writer.position);
    if (outcome !== "read") return outcome;
    const content = writer.buffer.bytes.subarray(writer.position, writer.position + status.sizeBytes);
    const digest = digests.subarray(offset, offset + DIGEST_SIZE_BYTES);
    Bun.SHA256.hash(content, digest);
    if (status.sizeBytes === 0) return "hashed";
    const isHeld =
      findContent(held.packed, digests, offset) !== NOT_FOUND || holdsObject(held, digests, offset, status);
    if (isHeld) this.reusedCount += 1;
    else if (claimContent(held.claims, digests, offset)) writer.add(status.sizeBytes, digest);
    return "hashed";
  }
}

compileMethodsLightly(FilePacker);
