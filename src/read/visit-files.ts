import type { ByteString } from "../base/byte-string.ts";
import { compileLightly } from "../base/compile-lightly.ts";
import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { emptyStatus, type FileStatus } from "../fs/native/file-status.ts";
import { HeldDirectory } from "../fs/native/held-directory.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { allocateColumns, type FileColumns, truncateColumns } from "./file-columns.ts";
import { countFiles, type FileBatch } from "./file-groups.ts";
import { InodeRows } from "./inode-rows.ts";
import { splitNames } from "./name-list.ts";
import { changedWhileRead } from "./open-source.ts";
import { failureOf } from "./source-failure.ts";

const SLASH = "/" as ByteString;

/** `large`: larger than one chunk, only examined. */
export type VisitOutcome = "hashed" | "large" | "not-a-file";

/**
 * What a job does with each file of its batch. The methods run once per file: mark them with `compileMethodsLightly`.
 */
export interface FileVisitor {
  /** The rest is left to another job, or no longer wanted. */
  hasEnough(): boolean;
  /** Whether the file visited last has extended attributes, if the visitor looks for them. */
  readonly isAttributed?: boolean;
  /** Writes the digest of a file of at most one chunk at `offset`, and fills `status` with what the file is. */
  visit(path: PathBuffer, status: FileStatus, digests: Uint8Array, offset: number): VisitOutcome;
}

const path = new PathBuffer();
const status = emptyStatus();

/**
 * Visits the files in order until the visitor stops. One that cannot be read does not keep others from being read.
 * @throws whatever the visitor throws, except for SOURCE_CHANGED, SOURCE_UNREADABLE and PATH_TOO_LONG
 */
export function visitFiles({ root, groups }: FileBatch, visitor: FileVisitor): FileColumns {
  const fileCount = countFiles(groups);
  const columns = allocateColumns(fileCount);
  const inodes = new InodeRows(fileCount);
  const held = new HeldDirectory(path);
  let file = 0;
  try {
    for (const { directory, names } of groups) {
      path.set(root);
      if (directory !== "") path.append(SLASH).append(directory);
      held.hold(names.count);
      const end = visitGroup(splitNames(names), visitor, columns, inodes, file);
      if (end < file + names.count) return { ...truncateColumns(columns, end), inodeRows: inodes.take() };
      file = end;
    }
    return { ...columns, inodeRows: inodes.take() };
  } finally {
    held.close();
  }
}

/** @returns the first file that was not visited */
function visitGroup(
  names: readonly ByteString[],
  visitor: FileVisitor,
  columns: ReturnType<typeof allocateColumns>,
  inodes: InodeRows,
  firstFile: number,
): number {
  const { length } = path;
  let file = firstFile;
  for (const name of names) {
    if (visitor.hasEnough()) return file;
    path.truncate(length);
    try {
      // A single file is its own root, without names below it.
      if (name !== "") path.append(SLASH).append(name);
      switch (visitor.visit(path, status, columns.digests, file * DIGEST_SIZE_BYTES)) {
        case "hashed":
          break;
        case "large":
          columns.large.push(file);
          break;
        case "not-a-file":
          throw changedWhileRead(path);
      }
    } catch (error) {
      const failure = failureOf(error, name);
      if (failure === undefined) throw error;
      columns.failures.push({ position: file, code: failure.code, message: failure.message });
      file += 1;
      continue;
    }
    columns.sizes[file] = status.sizeBytes;
    columns.mtimeSeconds[file] = status.mtimeSeconds;
    columns.mtimeNanoseconds[file] = status.mtimeNanoseconds;
    columns.modes[file] = status.mode;
    if (visitor.isAttributed === true) columns.attributed.push(file);
    if (status.linkCount > 1) inodes.add(file, status);
    file += 1;
  }
  return file;
}

compileLightly(visitFiles, visitGroup);
