import { type ByteString, fsPath } from "../base/byte-string.ts";
import { errnoOf } from "./errno.ts";
import { constants } from "./file-constants.ts";
import { nodeFs } from "./node-fs.ts";

const MODES = { read: constants.R_OK, write: constants.W_OK } as const;

/** Whether this user may read or write a file or directory now. False if that cannot be found out. */
export function mayAccess(path: ByteString, how: keyof typeof MODES): boolean {
  try {
    nodeFs().accessSync(fsPath(path), MODES[how]);
    return true;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}
