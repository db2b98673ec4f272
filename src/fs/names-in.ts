import { readdirSync } from "node:fs";
import { type ByteString, fsPath } from "../base/byte-string.ts";
import { errnoOf } from "./errno.ts";
import { lstat } from "./native/file-status.ts";

/**
 * Names in a directory, as text; none when it does not exist.
 * @throws a `node:fs` error, ENOENT too when the directory is there after all: nobody must take it for empty
 */
export function namesIn(directory: ByteString): string[] {
  try {
    return readdirSync(fsPath(directory));
  } catch (error) {
    if (errnoOf(error) === "ENOENT" && lstat(directory) === undefined) return [];
    throw error;
  }
}
