import { bytesFromText } from "../base/byte-string.ts";
import { CHUNK_SIZE_BYTES, DIGEST_SIZE_BYTES, hexOf } from "../base/digest.ts";
import { errnoOf } from "../fs/errno.ts";
import { emptyStatus, type FileStatus, lstatBuffer } from "../fs/native/file-status.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { resolvePath } from "../fs/resolve-path.ts";
import { hashSmallFile } from "./hash-small-file.ts";
import { failureOf, throwFailures } from "./source-failure.ts";

/**
 * What `hashPaths` says of a single file of at most one chunk, without all that larger files, directories and several
 * paths need. Undefined for anything else, and for what cannot be found: `hashPaths` says what is wrong with it.
 * @throws BtdtError as `hashPaths`
 */
export function hashAtOnce(path: string): string | undefined {
  const status = emptyStatus();
  const file = findSmallFile(path, status);
  if (file === undefined) return undefined;
  const digest = new Uint8Array(DIGEST_SIZE_BYTES);
  try {
    return hashSmallFile(file, status, digest, 0) === "hashed" ? hexOf(digest) : undefined;
  } catch (error) {
    const failure = failureOf(error, file.toBytes());
    if (failure !== undefined) throwFailures([failure]);
    throw error;
  }
}

/** Before anything is opened: with a pipe or a device, that can have effects. */
function findSmallFile(path: string, status: FileStatus): PathBuffer | undefined {
  try {
    const file = new PathBuffer().set(resolvePath(bytesFromText(path)));
    const isSmallFile =
      lstatBuffer(file, status) && status.kind === "file" && status.sizeBytes <= CHUNK_SIZE_BYTES;
    return isSmallFile ? file : undefined;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
