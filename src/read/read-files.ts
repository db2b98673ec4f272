import type { ByteString } from "../base/byte-string.ts";
import { compileLightly } from "../base/compile-lightly.ts";
import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { emptyStatus, type FileStatus } from "../fs/native/file-status.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { changedWhileRead, type SmallFileOutcome } from "./hash-small-file.ts";

const SLASH = "/" as ByteString;

/** Files of one directory. */
export interface FileGroup {
  /** Relative to the root. */
  readonly directory: ByteString;
  readonly names: readonly ByteString[];
}

export interface FileGroups {
  readonly root: ByteString;
  readonly groups: readonly FileGroup[];
}

/** One element a file, in the order of the groups: of those that were read before the reader had enough. */
export interface ReadFiles {
  readonly sizes: Float64Array;
  readonly mtimeSeconds: Float64Array;
  readonly mtimeNanoseconds: Uint32Array;
  readonly modes: Uint16Array;
  readonly digests: Uint8Array;
  /** Positions of the files above one chunk, which are left to be read span by span. */
  readonly large: readonly number[];
}

/** What is done with each file: methods that run once a file, to be marked as short-lived. */
export interface SmallFileReader {
  /** The rest is for another job, or nobody wants it any more. */
  hasEnough(): boolean;
  /** Puts the digest of a file of at most one chunk at `offset`, and fills `status` with what the file is. */
  read(path: PathBuffer, status: FileStatus, digests: Uint8Array, offset: number): SmallFileOutcome;
}

const path = new PathBuffer();
const status = emptyStatus();

/** @throws BtdtError SOURCE_CHANGED, and whatever the reader throws */
export function readFiles({ root, groups }: FileGroups, reader: SmallFileReader): ReadFiles {
  const count = groups.reduce((sum, group) => sum + group.names.length, 0);
  const large: number[] = [];
  const files = {
    sizes: new Float64Array(count),
    mtimeSeconds: new Float64Array(count),
    mtimeNanoseconds: new Uint32Array(count),
    modes: new Uint16Array(count),
    digests: new Uint8Array(count * DIGEST_SIZE_BYTES),
    large,
  };
  let file = 0;
  for (const { directory, names } of groups) {
    path.set(root);
    if (directory !== "") path.append(SLASH).append(directory);
    const { length } = path;
    for (const name of names) {
      if (reader.hasEnough()) return firstOf(files, file);
      path.truncate(length);
      // A single file is its own root and has no name below it.
      if (name !== "") path.append(SLASH).append(name);
      switch (reader.read(path, status, files.digests, file * DIGEST_SIZE_BYTES)) {
        case "hashed":
          break;
        case "large":
          large.push(file);
          break;
        case "not-a-file":
          throw changedWhileRead(path);
      }
      files.sizes[file] = status.sizeBytes;
      files.mtimeSeconds[file] = status.mtimeSeconds;
      files.mtimeNanoseconds[file] = status.mtimeNanoseconds;
      files.modes[file] = status.mode;
      file += 1;
    }
  }
  return files;
}

/** Copies: a view would take all of the memory behind it to another thread. */
function firstOf(files: ReadFiles, count: number): ReadFiles {
  return {
    sizes: files.sizes.slice(0, count),
    mtimeSeconds: files.mtimeSeconds.slice(0, count),
    mtimeNanoseconds: files.mtimeNanoseconds.slice(0, count),
    modes: files.modes.slice(0, count),
    digests: files.digests.slice(0, count * DIGEST_SIZE_BYTES),
    large: files.large,
  };
}

/** The part of the groups that has the files from `start` up to, but not including, `end`. */
export function filesBetween(groups: readonly FileGroup[], start: number, end: number): FileGroup[] {
  const part: FileGroup[] = [];
  let first = 0;
  for (const { directory, names } of groups) {
    const wanted = names.slice(Math.max(0, start - first), Math.max(0, end - first));
    if (wanted.length > 0) part.push({ directory, names: wanted });
    first += names.length;
  }
  return part;
}

compileLightly(readFiles);
