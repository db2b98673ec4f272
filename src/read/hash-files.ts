import { compileMethodsLightly } from "../base/compile-lightly.ts";
import type { FileStatus } from "../fs/native/file-status.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import type { Job, RunContext } from "../work/job.ts";
import { type FileColumns, measureWork } from "./file-columns.ts";
import type { FileBatch } from "./file-groups.ts";
import { hashSmallFile } from "./hash-small-file.ts";
import { SPAN_SIZE_BYTES } from "./hash-span.ts";
import { type FileVisitor, type VisitOutcome, visitFiles } from "./visit-files.ts";

/** What cannot be read is in `failures`. */
export const hashFilesJob: Job<FileBatch, FileColumns> = {
  name: "hash-files",
  run: (batch, context) => visitFiles(batch, new Hasher(batch.wantsAttributed === true, context)),
  workOf: (_batch, columns) => measureWork(columns),
};

/** Keeps a job as short as that of a large file's span. */
const ENOUGH_BYTES = SPAN_SIZE_BYTES;

/** Reading the clock takes as long as a system call. */
const FILES_PER_QUESTION = 16;

class Hasher implements FileVisitor {
  isAttributed = false;
  private readonly wantsAttributed: boolean;
  private readonly context: RunContext;
  private hashedBytes = 0;
  private visitedCount = 0;

  constructor(wantsAttributed: boolean, context: RunContext) {
    this.wantsAttributed = wantsAttributed;
    this.context = context;
  }

  hasEnough(): boolean {
    if (this.hashedBytes >= ENOUGH_BYTES || this.context.isCancelled()) return true;
    // Without any, nothing would ever be done.
    const isAsked = this.visitedCount > 0 && this.visitedCount % FILES_PER_QUESTION === 0;
    return isAsked && this.context.isOverdue();
  }

  visit(path: PathBuffer, status: FileStatus, digests: Uint8Array, offset: number): VisitOutcome {
    this.visitedCount += 1;
    const outcome = hashSmallFile(
      path,
      status,
      digests,
      offset,
      true,
      this.wantsAttributed ? this : undefined,
    );
    if (outcome === "hashed") this.hashedBytes += status.sizeBytes;
    return outcome;
  }
}

compileMethodsLightly(Hasher);
