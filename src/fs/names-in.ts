import { readdirSync } from "node:fs";
import { type ByteString, fsPath } from "../base/byte-string.ts";
import { errnoOf } from "./errno.ts";

/** Names in a directory, as text; none when it does not exist. @throws a `node:fs` error */
export function namesIn(directory: ByteString): string[] {
  return namesUnless(directory, ["ENOENT"]);
}

/** The same for a path that may be anything: what is no directory has no names in it. @throws a `node:fs` error */
export function namesInIfDirectory(path: ByteString): string[] {
  return namesUnless(path, ["ENOENT", "ENOTDIR"]);
}

function namesUnless(path: ByteString, expected: readonly string[]): string[] {
  try {
    return readdirSync(fsPath(path));
  } catch (error) {
    if (expected.includes(errnoOf(error) ?? "")) return [];
    throw error;
  }
}
