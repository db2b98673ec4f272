import { simplifyPath } from "../base/simplify-path.ts";

/** The same limits as for names and paths in a manifest. */
const LONGEST_NAME_BYTES = 1024;
const LONGEST_PATH_BYTES = 4095;

/**
 * The path of a tree as its key file records it: normalised, relative to the working directory, and inside it.
 * Undefined for any other path, which means something only on the machine that stored it.
 */
export function recordablePath(given: string): string | undefined {
  if (given === "") return undefined;
  const path = simplifyPath(given).replace(/\/$/, "");
  return isRecordedPath(path) ? path : undefined;
}

/** Whether a key file may contain the path. Anyone who can write to the cache can write any other one. */
export function isRecordedPath(path: string): boolean {
  if (path === ".") return true;
  // Arguments that are not UTF-8 contain replacement characters, so the actual path is unknown.
  if (!path.isWellFormed() || path.includes("\0") || path.includes("\uFFFD")) return false;
  if (Buffer.byteLength(path) > LONGEST_PATH_BYTES) return false;
  for (const name of path.split("/")) {
    if (name === "" || name === "." || name === "..") return false;
    if (Buffer.byteLength(name) > LONGEST_NAME_BYTES) return false;
  }
  return true;
}
