import type { Runner } from "../work/job.ts";
import type { FileColumns } from "./file-columns.ts";
import type { FileBatch } from "./file-groups.ts";
import { hashFilesJob } from "./hash-files.ts";
import { hashLargeFile } from "./hash-large-file.ts";
import type { LargeFile } from "./large-file.ts";

/** What happens to the files of a tree while they are read: they are hashed, and perhaps stored at the same time. */
export interface Digester {
  /** The number of files per job: enough to make its message cheap, few enough to keep all workers busy. */
  readonly batchFiles: number;
  /** The same where each file takes long. */
  readonly slowBatchFiles: number;
  /**
   * Hashes the first files of a batch, as many as make a job: at least one, unless the work was cancelled. Files
   * larger than one chunk are only named in the result, and then passed to `digestLargeFile`.
   */
  digestBatch(runner: Runner, batch: FileBatch): Promise<FileColumns>;
  digestLargeFile(runner: Runner, file: LargeFile & { readonly mode: number }): Promise<Uint8Array>;
}

/** Hashes without storing anything. */
export const hashOnly: Digester = {
  batchFiles: 400,
  slowBatchFiles: 32,
  digestBatch: (runner, batch) => runner.run(hashFilesJob, batch),
  digestLargeFile: hashLargeFile,
};
