import { readdirSync } from "node:fs";
import { type ByteString, fsPath } from "../base/byte-string.ts";
import { errnoOf } from "./errno.ts";
import { lstat } from "./native/file-status.ts";

/**
 * The names in a directory, as text; none if it does not exist.
 * @throws a `node:fs` error; also ENOENT if the directory exists after all, because it must not be mistaken for empty
 */
export function namesIn(directory: ByteString): string[] {
  try {
    return readdirSync(fsPath(directory));
  } catch (error) {
    if (errnoOf(error) === "ENOENT" && lstat(directory) === undefined) return [];
    throw error;
  }
}
