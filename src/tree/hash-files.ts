import { shortLivedMethods } from "../base/short-lived.ts";
import type { FileStatus } from "../fs/file-status.ts";
import type { PathBuffer } from "../fs/path-buffer.ts";
import { hashSmallFile, type SmallFileOutcome } from "../objects/hash-small-file.ts";
import { type FileGroups, type ReadFiles, readFiles, type SmallFileReader } from "../objects/read-files.ts";
import { readWork } from "../objects/read-work.ts";
import type { Job, JobContext } from "../work/job.ts";

/** @throws BtdtError SOURCE_CHANGED, SOURCE_UNREADABLE */
export const hashFilesJob: Job<FileGroups, ReadFiles> = {
  name: "hash-files",
  run: (input, context) => readFiles(input, new HashingReader(context)),
  workOf: (_input, output) => readWork(output),
};

class HashingReader implements SmallFileReader {
  private readonly context: JobContext;

  constructor(context: JobContext) {
    this.context = context;
  }

  isStopped(): boolean {
    return this.context.isCancelled();
  }

  read(path: PathBuffer, status: FileStatus, digests: Uint8Array, offset: number): SmallFileOutcome {
    return hashSmallFile(path, status, digests, offset);
  }
}

shortLivedMethods(HashingReader);
