import type { ByteString } from "../base/byte-string.ts";
import { errnoOf } from "./errno.ts";
import { constants } from "./file-constants.ts";
import { openFile } from "./native/descriptor-calls.ts";

// Linux's <fcntl.h>; other systems have nothing like it.
const O_TMPFILE = 0o20000000;

/**
 * Opens a new file without a name, so that nothing is left of it, whatever happens.
 * @returns the descriptor; undefined if the file system has no such files, or none may be made in the directory
 */
export function openNamelessFile(directory: ByteString): number | undefined {
  try {
    return openFile(directory, constants.O_RDWR | constants.O_DIRECTORY | O_TMPFILE, 0o600);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
