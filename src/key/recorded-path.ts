import { posix } from "node:path";

/** As of names and paths within a manifest. */
const LONGEST_NAME_BYTES = 1024;
const LONGEST_PATH_BYTES = 4095;

/**
 * Where a tree was stored from, as its key file has it: normalised, relative to the working directory, and in it. Undefined for a path
 * of another kind, of which only the machine that stored it knows what it means.
 */
export function recordablePath(given: string): string | undefined {
  if (given === "") return undefined;
  const path = posix.normalize(given).replace(/\/$/, "");
  return isRecordedPath(path) ? path : undefined;
}

/** Whether a path may stand in a key file. Whoever can write to the cache can put any other one there. */
export function isRecordedPath(path: string): boolean {
  if (path === ".") return true;
  // Arguments that are not UTF-8 arrive with replacement characters, so that nobody knows the path.
  if (!path.isWellFormed() || /[\0\uFFFD]/.test(path)) return false;
  if (Buffer.byteLength(path) > LONGEST_PATH_BYTES) return false;
  return path.split("/").every((name) => {
    return name !== "" && name !== "." && name !== ".." && Buffer.byteLength(name) <= LONGEST_NAME_BYTES;
  });
}
