import { type ByteString, textFromBytes } from "../base/byte-string.ts";
import { errnoOf } from "./errno.ts";
import { lstat } from "./native/file-status.ts";
import { listNames } from "./native/list-names.ts";

/**
 * The names in a directory, as text; none if it does not exist.
 * @throws a `node:fs` error; also ENOENT if the directory exists after all, because it must not be mistaken for empty
 */
export function namesIn(directory: ByteString): string[] {
  try {
    return listNames(directory).map((name) => textFromBytes(name));
  } catch (error) {
    if (errnoOf(error) === "ENOENT" && lstat(directory) === undefined) return [];
    throw error;
  }
}
