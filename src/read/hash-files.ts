import { compileMethodsLightly } from "../base/compile-lightly.ts";
import type { FileStatus } from "../fs/native/file-status.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import type { Job, JobContext } from "../work/job.ts";
import { hashSmallFile, type SmallFileOutcome } from "./hash-small-file.ts";
import { SPAN_SIZE_BYTES } from "./hash-span.ts";
import { type FileGroups, type ReadFiles, readFiles, type SmallFileReader } from "./read-files.ts";
import { readWork } from "./read-work.ts";

/** @throws BtdtError SOURCE_CHANGED, SOURCE_UNREADABLE */
export const hashFilesJob: Job<FileGroups, ReadFiles> = {
  name: "hash-files",
  run: (input, context) => readFiles(input, new HashingReader(context)),
  workOf: (_input, output) => readWork(output),
};

/** Keeps a job as short as that of a large file's span. */
const ENOUGH_BYTES = SPAN_SIZE_BYTES;

class HashingReader implements SmallFileReader {
  private readonly context: JobContext;
  private hashedBytes = 0;

  constructor(context: JobContext) {
    this.context = context;
  }

  hasEnough(): boolean {
    return this.hashedBytes >= ENOUGH_BYTES || this.context.isCancelled();
  }

  read(path: PathBuffer, status: FileStatus, digests: Uint8Array, offset: number): SmallFileOutcome {
    const outcome = hashSmallFile(path, status, digests, offset);
    if (outcome === "hashed") this.hashedBytes += status.sizeBytes;
    return outcome;
  }
}

compileMethodsLightly(HashingReader);
