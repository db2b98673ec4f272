import { type ByteString, joinBytes } from "../base/byte-string.ts";
import { shortLivedMethods } from "../base/short-lived.ts";
import { emptyStatus } from "../fs/file-status.ts";
import { Manifest } from "../manifest/manifest.ts";
import { DIGEST_SIZE_BYTES } from "../objects/digest.ts";
import { hashLargeFile, type LargeFile } from "../objects/hash-large-file.ts";
import type { FileGroups, ReadFiles } from "../objects/read-files.ts";
import type { Runner, Runners } from "../work/job.ts";
import { hashFilesJob } from "./hash-files.ts";
import { type WalkedDirectory, type WalkedSymlink, type WalkOptions, walkTree } from "./walk-tree.ts";

/** What is done with each file of a tree: it is digested, and perhaps kept while it is at hand. */
export interface FileReader {
  /** A job's worth of files: enough to make its message cheap, few enough to keep all workers busy. */
  readonly batchFiles: number;
  /** Files above one chunk are named in the answer and read by `readLargeFile` then. */
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

interface Batch {
  readonly firstFile: number;
  readonly groups: { readonly directory: ByteString; readonly names: readonly ByteString[] }[];
  fileCount: number;
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
  const hashed: {
    readonly firstFile: number;
    readonly files: ReadFiles;
    readonly largeDigests: Map<number, Uint8Array>;
  }[] = [];

  const submit = (batch: Batch, runner: Runner): void => {
    const work = reader.readFiles(runner, { root, groups: batch.groups }).then(async (files) => {
      const largeDigests = new Map<number, Uint8Array>();
      const paths = files.large.length === 0 ? [] : pathsOf(batch);
      for (const position of files.large) {
        const path = joinBytes(root, paths[position] ?? ("" as ByteString));
        largeDigests.set(
          position,
          await reader.readLargeFile(runners.pool, largeFile(path, files, position)),
        );
      }
      hashed.push({ firstFile: batch.firstFile, files, largeDigests });
    });
    // Awaited below, with all the others; until then a failure must not count as unhandled.
    work.catch(() => undefined);
    hashing.push(work);
  };

  let fileCount = 0;
  let batch: Batch = { firstFile: 0, groups: [], fileCount: 0 };
  await runners.pool.whilePreparing(async () => {
    for (const directory of walkTree(root, options)) {
      directories.push(directory);
      for (let start = 0; start < directory.files.length; start += batchFiles) {
        const names = directory.files.slice(start, start + batchFiles);
        batch.groups.push({ directory: directory.path, names });
        batch.fileCount += names.length;
        fileCount += names.length;
        if (batch.fileCount >= batchFiles) {
          submit(batch, runners.pool);
          batch = { firstFile: fileCount, groups: [], fileCount: 0 };
          // Lets finished batches be noted and workers be given new ones.
          await Bun.sleep(0);
        }
      }
    }
  });
  options.onWalked?.(fileCount);
  if (batch.fileCount > 0) submit(batch, hashing.length === 0 ? runners.inline : runners.pool);
  await Promise.all(hashing);

  const manifest = allocate(directories, fileCount);
  fillDirectories(manifest, directories);
  for (const { firstFile, files, largeDigests } of hashed)
    fillFiles(manifest, firstFile, files, largeDigests);
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
  const manifest = allocate([placeholder], 1, true);
  fillDirectories(manifest, [placeholder]);
  fillFiles(manifest, 0, files, largeDigests);
  return manifest;
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

function allocate(
  directories: readonly WalkedDirectory[],
  fileCount: number,
  isSingleFile = false,
): Manifest {
  const symlinks: WalkedSymlink[] = directories.flatMap((directory) => directory.symlinks);
  return Manifest.allocate({
    isSingleFile,
    directoryCount: directories.length,
    fileCount,
    symlinkCount: symlinks.length,
    directoryNameBytes: totalBytes(directories.map((directory) => directory.name)),
    fileNameBytes: directories.reduce((sum, directory) => sum + totalBytes(directory.files), 0),
    symlinkNameBytes: totalBytes(symlinks.map((symlink) => symlink.name)),
    symlinkTargetBytes: totalBytes(symlinks.map((symlink) => symlink.target)),
  });
}

function totalBytes(names: Iterable<ByteString>): number {
  let sum = 0;
  for (const name of names) sum += name.length;
  return sum;
}

/** Appends names one behind the other and notes where each ends. */
class NameColumn {
  readonly #bytes: Uint8Array;
  readonly #ends: Uint32Array;
  #count = 0;
  #offset = 0;

  constructor(bytes: Uint8Array, ends: Uint32Array) {
    this.#bytes = bytes;
    this.#ends = ends;
  }

  append(name: ByteString): void {
    for (let index = 0; index < name.length; index++)
      this.#bytes[this.#offset + index] = name.charCodeAt(index);
    this.#offset += name.length;
    this.#ends[this.#count++] = this.#offset;
  }
}

function fillDirectories(manifest: Manifest, directories: readonly WalkedDirectory[]): void {
  const directoryNames = new NameColumn(manifest.directoryNames, manifest.directoryNameEnds);
  const fileNames = new NameColumn(manifest.fileNames, manifest.fileNameEnds);
  const symlinkNames = new NameColumn(manifest.symlinkNames, manifest.symlinkNameEnds);
  const symlinkTargets = new NameColumn(manifest.symlinkTargets, manifest.symlinkTargetEnds);
  let fileEnd = 0;
  let symlinkEnd = 0;
  for (const [index, directory] of directories.entries()) {
    directoryNames.append(directory.name);
    manifest.directoryParents[index] = directory.parent;
    manifest.directoryModes[index] = directory.status.mode;
    manifest.directoryMtimeSeconds[index] = directory.status.mtimeSeconds;
    manifest.directoryMtimeNanoseconds[index] = directory.status.mtimeNanoseconds;
    for (const name of directory.files) fileNames.append(name);
    for (const symlink of directory.symlinks) {
      symlinkNames.append(symlink.name);
      symlinkTargets.append(symlink.target);
      manifest.symlinkMtimeSeconds[symlinkEnd] = symlink.mtimeSeconds;
      manifest.symlinkMtimeNanoseconds[symlinkEnd] = symlink.mtimeNanoseconds;
      symlinkEnd += 1;
    }
    fileEnd += directory.files.length;
    manifest.directoryFileEnds[index] = fileEnd;
    manifest.directorySymlinkEnds[index] = symlinkEnd;
  }
}

function fillFiles(
  manifest: Manifest,
  firstFile: number,
  files: ReadFiles,
  largeDigests: ReadonlyMap<number, Uint8Array>,
): void {
  manifest.fileSizes.set(files.sizes, firstFile);
  manifest.fileMtimeSeconds.set(files.mtimeSeconds, firstFile);
  manifest.fileMtimeNanoseconds.set(files.mtimeNanoseconds, firstFile);
  manifest.fileModes.set(files.modes, firstFile);
  manifest.fileDigests.set(files.digests, firstFile * DIGEST_SIZE_BYTES);
  for (const [position, digest] of largeDigests) {
    manifest.fileDigests.set(digest, (firstFile + position) * DIGEST_SIZE_BYTES);
  }
}

shortLivedMethods(NameColumn);
