import { compileLightly } from "../base/compile-lightly.ts";
import type { FileAttributes } from "../fs/file-attributes.ts";
import type { FileStatus } from "../fs/native/file-status.ts";

/** What is under an object's name, as far as its inode tells. */
export interface FoundObject {
  readonly isFile: boolean;
  readonly sizeBytes: number;
  /** Than it was when it was stored. */
  readonly isNewer: boolean;
}

/**
 * Whether an object of another size lost data in a power cut; if not, it was edited. A power cut takes bytes, all of
 * them in most cases, and leaves the time as it was set. Whatever writes, if only to empty the file, sets a new time.
 */
export function hasLostData({ isFile, sizeBytes, isNewer }: FoundObject, expectedBytes: number): boolean {
  return !isFile || (sizeBytes < expectedBytes && !isNewer);
}

type Time = Pick<FileAttributes, "mtimeSeconds" | "mtimeNanoseconds">;

export function isNewer(found: Pick<FileStatus, keyof Time>, expected: Time): boolean {
  return (
    found.mtimeSeconds > expected.mtimeSeconds ||
    (found.mtimeSeconds === expected.mtimeSeconds && found.mtimeNanoseconds > expected.mtimeNanoseconds)
  );
}

compileLightly(hasLostData, isNewer);
