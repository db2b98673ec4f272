import { type ByteString, joinBytes } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { emptyStatus } from "../fs/native/file-status.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Runner, Runners } from "../work/job.ts";
import { allocateManifest, fillDirectories, fillFiles, type ReadBatch } from "./fill-manifest.ts";
import { hashFilesJob } from "./hash-files.ts";
import { hashLargeFile, type LargeFile } from "./hash-large-file.ts";
import { type FileGroup, type FileGroups, filesBetween, type ReadFiles } from "./read-files.ts";
import { type WalkedDirectory, type WalkOptions, walkTree } from "./walk-tree.ts";

/** What is done with each file of a tree: it is digested, and perhaps kept while it is at hand. */
export interface FileReader {
  /** A job's worth of files: enough to make its message cheap, few enough to keep all workers busy. */
  readonly batchFiles: number;
  /**
   * Files above one chunk are named in the answer and read by `readLargeFile` then. So many files are read as make a job,
   * one at least unless the work was cancelled.
   */
  readFiles(runner: Runner, files: FileGroups): Promise<ReadFiles>;
  readLargeFile(runner: Runner, file: LargeFile & { readonly mode: number }): Promise<Uint8Array>;
}

/** Digests only. */
export const hashingReader: FileReader = {
  batchFiles: 400,
  readFiles: (runner, files) => runner.run(hashFilesJob, files),
  readLargeFile: hashLargeFile,
};

export interface ReadTreeOptions extends WalkOptions {
  /** Told when the walk is over and most of the reading is still to come. */
  readonly onWalked?: (fileCount: number) => void;
}

/** Of a tree with so many files there will be enough to do for several threads. */
const WORTH_THREADS_FILES = 400;

/** Files that stand one behind the other in the manifest. */
interface Batch {
  readonly firstFile: number;
  readonly groups: FileGroups["groups"];
  readonly fileCount: number;
}

/**
 * Walks and hashes a directory into a manifest. Workers hash while the walk goes on.
 * @throws BtdtError SOURCE_CHANGED, SOURCE_UNREADABLE, PATH_TOO_LONG
 */
export async function readTree(
  root: ByteString,
  options: ReadTreeOptions,
  runners: Runners,
  reader: FileReader = hashingReader,
): Promise<Manifest> {
  const { batchFiles } = reader;
  const directories: WalkedDirectory[] = [];
  const hashing: Promise<void>[] = [];
  // The first in time: it may stop jobs of earlier batches, which then fail because they were stopped.
  let firstFailure: unknown;
  const early: ReadBatch[] = [];
  let keep = (hashed: ReadBatch): void => {
    early.push(hashed);
  };

  const read = async (batch: Batch, runner: Runner): Promise<void> => {
    const files = await reader.readFiles(runner, { root, groups: batch.groups });
    await Promise.all([
      readLargeFiles(batch, files),
      ...restOf(batch, files.sizes.length).map((rest) => read(rest, runners.pool)),
    ]);
  };
  const readLargeFiles = async (batch: Batch, files: ReadFiles): Promise<void> => {
    const largeDigests = new Map<number, Uint8Array>();
    const paths = files.large.length === 0 ? [] : pathsOf(batch);
    for (const position of files.large) {
      const path = joinBytes(root, paths[position] ?? ("" as ByteString));
      const digest = await reader.readLargeFile(runners.pool, largeFile(path, files, position));
      largeDigests.set(position, digest);
    }
    keep({ firstFile: batch.firstFile, files, largeDigests });
  };
  const submit = (batch: Batch, runner: Runner): void => {
    const reading = read(batch, runner);
    // Awaited below, with all the others; until then a failure must not count as unhandled.
    reading.catch((error: unknown) => {
      firstFailure ??= error;
    });
    hashing.push(reading);
  };

  let fileCount = 0;
  let groups: FileGroup[] = [];
  let firstFile = 0;
  await runners.pool.whilePreparing(async () => {
    for (const directory of walkTree(root, options)) {
      directories.push(directory);
      if (fileCount >= WORTH_THREADS_FILES) runners.pool.start();
      for (let start = 0; start < directory.files.length; start += batchFiles) {
        const names = directory.files.slice(start, start + batchFiles);
        groups.push({ directory: directory.path, names });
        fileCount += names.length;
        if (fileCount - firstFile >= batchFiles) {
          submit({ firstFile, groups, fileCount: fileCount - firstFile }, runners.pool);
          [firstFile, groups] = [fileCount, []];
          // Lets finished batches be noted and workers be given new ones.
          await Bun.sleep(0);
        }
      }
    }
  });
  options.onWalked?.(fileCount);
  const last = { firstFile, groups, fileCount: fileCount - firstFile };
  if (last.fileCount > 0) submit(last, fileCount < WORTH_THREADS_FILES ? runners.inline : runners.pool);
  // While other threads have something to do.
  const manifest = allocateManifest(directories, fileCount);
  fillDirectories(manifest, directories);
  keep = (hashed) => fillFiles(manifest, hashed);
  for (const hashed of early) keep(hashed);
  try {
    await Promise.all(hashing);
  } catch (error) {
    throw firstFailure ?? error;
  }
  return manifest;
}

/** The manifest of a single file. @throws BtdtError SOURCE_CHANGED, SOURCE_UNREADABLE */
export async function readSingleFile(
  path: ByteString,
  runners: Runners,
  reader: FileReader = hashingReader,
): Promise<Manifest> {
  const name = "" as ByteString;
  const files = await reader.readFiles(runners.inline, {
    root: path,
    groups: [{ directory: name, names: [name] }],
  });
  const largeDigests = new Map<number, Uint8Array>();
  for (const position of files.large) {
    largeDigests.set(position, await reader.readLargeFile(runners.pool, largeFile(path, files, position)));
  }
  const placeholder: WalkedDirectory = {
    parent: 0,
    name,
    path: name,
    status: emptyStatus(),
    files: [name],
    symlinks: [],
  };
  const manifest = allocateManifest([placeholder], 1, true);
  fillDirectories(manifest, [placeholder]);
  fillFiles(manifest, { firstFile: 0, files, largeDigests });
  return manifest;
}

/** What was not read of a batch, in parts about as large as what was: the files may be large ones. */
function restOf({ firstFile, groups, fileCount }: Batch, readCount: number): Batch[] {
  const restCount = fileCount - readCount;
  if (restCount === 0) return [];
  if (readCount === 0) throw new BtdtError("CANCELLED", "stopped before all files were read");
  const partCount = Math.max(1, Math.round(restCount / readCount));
  const borders = Array.from({ length: partCount + 1 }, (_, part) => {
    return readCount + Math.round((restCount * part) / partCount);
  });
  return borders.slice(1).map((end, part) => {
    const start = borders[part] ?? 0;
    return {
      firstFile: firstFile + start,
      groups: filesBetween(groups, start, end),
      fileCount: end - start,
    };
  });
}

function pathsOf(batch: Batch): ByteString[] {
  return batch.groups.flatMap(({ directory, names }) => names.map((name) => joinBytes(directory, name)));
}

function largeFile(path: ByteString, files: ReadFiles, position: number) {
  return {
    path,
    sizeBytes: files.sizes[position] ?? 0,
    mtimeSeconds: files.mtimeSeconds[position] ?? 0,
    mtimeNanoseconds: files.mtimeNanoseconds[position] ?? 0,
    mode: files.modes[position] ?? 0,
  };
}
