import { constants, openSync } from "node:fs";
import { type ByteString, fsPath } from "../base/byte-string.ts";
import { errnoOf } from "./errno.ts";

// Linux's <fcntl.h>; other systems have nothing like it.
const O_TMPFILE = 0o20000000;

/**
 * Opens a new file without a name, so that nothing is left of it, whatever happens.
 * @returns the descriptor; undefined if the file system has no such files, or none may be made in the directory
 */
export function openNamelessFile(directory: ByteString): number | undefined {
  try {
    return openSync(fsPath(directory), constants.O_RDWR | constants.O_DIRECTORY | O_TMPFILE, 0o600);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
