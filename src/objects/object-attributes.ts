import { compileLightly } from "../base/compile-lightly.ts";
import { type FileAttributes, hasAttributes } from "../fs/file-attributes.ts";
import { hasKeptAttributes } from "../fs/file-clock.ts";
import type { FileStatus } from "../fs/native/file-status.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import { attributesOfFile } from "../manifest/attributes-of-file.ts";
import { at, type Manifest } from "../manifest/manifest.ts";

/** The part of a file's mode that its object has. */
export const PERMISSIONS = 0o777;

/** An empty file has no object: restores create it. */
export function hasObject(manifest: Manifest, file: number): boolean {
  return at(manifest.fileSizes, file) > 0;
}

/** How many files of a manifest have contents. */
export function countFilledFiles(manifest: Manifest): number {
  let count = 0;
  for (let file = 0; file < manifest.counts.fileCount; file++) if (hasObject(manifest, file)) count += 1;
  return count;
}

/** The attributes of the object of a manifest's file. @param into as for `attributesOfFile` */
export function objectAttributes(manifest: Manifest, file: number, into?: FileAttributes): FileAttributes {
  const attributes = attributesOfFile(manifest, file, into);
  attributes.mode &= PERMISSIONS;
  return attributes;
}

const expected: FileAttributes = { mode: 0, sizeBytes: 0, mtimeSeconds: 0, mtimeNanoseconds: 0 };

/**
 * Whether an object is what its manifest says, as far as its inode can tell, and its file system can hold.
 * @param path the object's
 */
export function isWhole(status: FileStatus, manifest: Manifest, file: number, path: PathBuffer): boolean {
  objectAttributes(manifest, file, expected);
  return hasAttributes(status, expected) || hasKeptAttributes(status, expected, path);
}

compileLightly(hasObject, isWhole, objectAttributes);
