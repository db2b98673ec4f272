import type { ByteString } from "../base/byte-string.ts";
import { shortLivedMethods } from "../base/short-lived.ts";
import { emptyStatus } from "../fs/file-status.ts";
import { PathBuffer } from "../fs/path-buffer.ts";
import { DIGEST_SIZE_BYTES } from "../objects/digest.ts";
import { changedWhileRead, hashSmallFile } from "../objects/hash-small-file.ts";
import { readWork } from "../objects/read-work.ts";
import type { Job } from "../work/job.ts";

const SLASH = "/" as ByteString;

export interface HashFilesInput {
  readonly root: ByteString;
  /** Directories relative to the root, each with the names of its files. */
  readonly groups: readonly { readonly directory: ByteString; readonly names: readonly ByteString[] }[];
}

/** One element a file, in the input's order. */
export interface HashedFiles {
  readonly sizes: Float64Array;
  readonly mtimeSeconds: Float64Array;
  readonly mtimeNanoseconds: Uint32Array;
  readonly modes: Uint16Array;
  readonly digests: Uint8Array;
  /** Positions of the files above one chunk, whose digests are left to be made from their spans. */
  readonly large: readonly number[];
}

const path = new PathBuffer();
const status = emptyStatus();

/** @throws BtdtError SOURCE_CHANGED, SOURCE_UNREADABLE */
export const hashFilesJob: Job<HashFilesInput, HashedFiles> = {
  name: "hash-files",
  run({ root, groups }, context) {
    const count = groups.reduce((sum, group) => sum + group.names.length, 0);
    const result = {
      sizes: new Float64Array(count),
      mtimeSeconds: new Float64Array(count),
      mtimeNanoseconds: new Uint32Array(count),
      modes: new Uint16Array(count),
      digests: new Uint8Array(count * DIGEST_SIZE_BYTES),
      large: [] as number[],
    };
    let file = 0;
    for (const { directory, names } of groups) {
      path.set(root);
      if (directory !== "") path.append(SLASH).append(directory);
      const { length } = path;
      for (const name of names) {
        if (context.isCancelled()) return result;
        path.truncate(length);
        // A single file is its own root and has no name below it.
        if (name !== "") path.append(SLASH).append(name);
        switch (hashSmallFile(path, status, result.digests, file * DIGEST_SIZE_BYTES)) {
          case "hashed":
            break;
          case "large":
            result.large.push(file);
            break;
          case "not-a-file":
            throw changedWhileRead(path);
        }
        result.sizes[file] = status.sizeBytes;
        result.mtimeSeconds[file] = status.mtimeSeconds;
        result.mtimeNanoseconds[file] = status.mtimeNanoseconds;
        result.modes[file] = status.mode;
        file += 1;
      }
    }
    return result;
  },
  workOf: (_input, output) => readWork(output),
};

shortLivedMethods(hashFilesJob);
