import type { ByteString } from "../base/byte-string.ts";
import { copyFile } from "../fs/copy-file.ts";
import type { FileAttributes } from "../fs/file-attributes.ts";
import { lstat } from "../fs/native/file-status.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import type { Job } from "../work/job.ts";
import { checkObject, type ObjectCondition } from "./check-objects.ts";

export interface CopyObjectInput {
  /** Anything. */
  readonly source: ByteString;
  readonly target: ByteString;
  /** The object's. */
  readonly name: string;
  readonly attributes: FileAttributes;
}

/**
 * Copies a file that may be the content of an object, and hashes the copy. A separate job, because a huge one takes
 * minutes.
 * @returns what the copy is; `missing` if the source has another size, and nothing was copied
 * @throws BtdtError CANCELLED, SYSTEM; a `node:fs` error
 */
export const copyObjectJob: Job<CopyObjectInput, ObjectCondition> = {
  name: "copy-object",
  run({ source, target, name, attributes }, context) {
    const status = lstat(source);
    if (status?.kind !== "file" || status.sizeBytes !== attributes.sizeBytes) return "missing";
    const copy = new PathBuffer().set(target);
    copyFile(new PathBuffer().set(source), copy, attributes, context);
    return checkObject(copy, name, context);
  },
};
