import { compileMethodsLightly } from "../base/compile-lightly.ts";
import type { FileStatus } from "../fs/native/file-status.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import type { Job, JobContext } from "../work/job.ts";
import { type FileColumns, measureWork } from "./file-columns.ts";
import type { FileBatch } from "./file-groups.ts";
import { hashSmallFile } from "./hash-small-file.ts";
import { SPAN_SIZE_BYTES } from "./hash-span.ts";
import { type FileVisitor, type VisitOutcome, visitFiles } from "./visit-files.ts";

/** @throws BtdtError SOURCE_CHANGED, SOURCE_UNREADABLE */
export const hashFilesJob: Job<FileBatch, FileColumns> = {
  name: "hash-files",
  run: (batch, context) => visitFiles(batch, new Hasher(context)),
  workOf: (_batch, columns) => measureWork(columns),
};

/** Keeps a job as short as that of a large file's span. */
const ENOUGH_BYTES = SPAN_SIZE_BYTES;

class Hasher implements FileVisitor {
  private readonly context: JobContext;
  private hashedBytes = 0;

  constructor(context: JobContext) {
    this.context = context;
  }

  hasEnough(): boolean {
    return this.hashedBytes >= ENOUGH_BYTES || this.context.isCancelled();
  }

  visit(path: PathBuffer, status: FileStatus, digests: Uint8Array, offset: number): VisitOutcome {
    const outcome = hashSmallFile(path, status, digests, offset);
    if (outcome === "hashed") this.hashedBytes += status.sizeBytes;
    return outcome;
  }
}

compileMethodsLightly(Hasher);
