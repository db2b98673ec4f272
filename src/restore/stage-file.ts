import type { ByteString } from "../base/byte-string.ts";
import { copyFile } from "../fs/copy-file.ts";
import type { FileAttributes } from "../fs/file-attributes.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import type { Job } from "../work/job.ts";
import { placeFurtherName } from "./link-names.ts";

export interface StageFileInput {
  readonly source: ByteString;
  readonly target: ByteString;
  readonly attributes: FileAttributes;
  /** Whether the source is another name of the file, on the target's file system. */
  readonly isOtherName: boolean;
}

/** Puts one file into a staging directory of a mount. @throws BtdtError CANCELLED, SYSTEM; a `node:fs` error */
export const stageFileJob: Job<StageFileInput, undefined> = {
  name: "stage-file",
  run({ source, target, attributes, isOtherName }, context) {
    const [from, to] = [new PathBuffer().set(source), new PathBuffer().set(target)];
    if (isOtherName) placeFurtherName(from, to, attributes, context);
    else copyFile(from, to, attributes, context);
    return undefined;
  },
};
