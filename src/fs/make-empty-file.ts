import { type FileAttributes, setAttributes } from "./file-attributes.ts";
import { constants } from "./file-constants.ts";
import { closeWritten } from "./native/close-written.ts";
import { openFile } from "./native/descriptor-calls.ts";
import type { PathBuffer } from "./native/path-buffer.ts";

/** Creates an empty file, which must not exist. @throws a `node:fs` error */
export function makeEmptyFile(path: PathBuffer, attributes: FileAttributes): void {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
  closeWritten(openFile(path.toBytes(), flags, attributes.mode));
  setAttributes(path, attributes);
}
