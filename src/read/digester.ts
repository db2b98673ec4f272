import type { Runner } from "../work/job.ts";
import type { FileColumns } from "./file-columns.ts";
import type { FileBatch } from "./file-groups.ts";
import { hashFilesJob } from "./hash-files.ts";
import { hashLargeFile } from "./hash-large-file.ts";
import type { LargeFile } from "./large-file.ts";

/** What happens to the files of a tree while they are read: they are digested, and perhaps kept while they are at hand. */
export interface Digester {
  /** A job's worth of files: enough to make its message cheap, few enough to keep all workers busy. */
  readonly batchFiles: number;
  /**
   * Digests the first files of a batch, as many as make a job: one at least, unless the work was cancelled. Files above one
   * chunk are named in the answer and given to `digestLargeFile` then.
   */
  digestBatch(runner: Runner, batch: FileBatch): Promise<FileColumns>;
  digestLargeFile(runner: Runner, file: LargeFile & { readonly mode: number }): Promise<Uint8Array>;
}

/** Keeps nothing. */
export const hashOnly: Digester = {
  batchFiles: 400,
  digestBatch: (runner, batch) => runner.run(hashFilesJob, batch),
  digestLargeFile: hashLargeFile,
};
