import type { ByteString } from "../base/byte-string.ts";
import { shortLived } from "../base/short-lived.ts";
import { emptyStatus, type FileStatus } from "../fs/file-status.ts";
import { PathBuffer } from "../fs/path-buffer.ts";
import { DIGEST_SIZE_BYTES } from "./digest.ts";
import { changedWhileRead, type SmallFileOutcome } from "./hash-small-file.ts";

const SLASH = "/" as ByteString;

export interface FileGroups {
  readonly root: ByteString;
  /** Directories relative to the root, each with the names of its files. */
  readonly groups: readonly { readonly directory: ByteString; readonly names: readonly ByteString[] }[];
}

/** One element a file, in the order of the groups. */
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
  /** Nobody wants the rest. */
  isStopped(): boolean;
  /** Puts the digest of a file of at most one chunk at `offset`, and fills `status` with what the file is. */
  read(path: PathBuffer, status: FileStatus, digests: Uint8Array, offset: number): SmallFileOutcome;
}

const path = new PathBuffer();
const status = emptyStatus();

/** Stops half way when the reader is stopped. @throws BtdtError SOURCE_CHANGED, and whatever the reader throws */
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
      if (reader.isStopped()) return files;
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

shortLived(readFiles);
