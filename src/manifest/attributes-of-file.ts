import { compileLightly } from "../base/compile-lightly.ts";
import type { FileAttributes } from "../fs/file-attributes.ts";
import { at, type Manifest } from "./manifest.ts";

/**
 * The attributes that a manifest states for a file.
 * @param into for loops over many files: filled in and returned, so that nothing is allocated
 */
export function attributesOfFile(
  manifest: Manifest,
  file: number,
  into = {} as FileAttributes,
): FileAttributes {
  into.mode = at(manifest.fileModes, file);
  into.sizeBytes = at(manifest.fileSizes, file);
  into.mtimeSeconds = at(manifest.fileMtimeSeconds, file);
  into.mtimeNanoseconds = at(manifest.fileMtimeNanoseconds, file);
  return into;
}

compileLightly(attributesOfFile);
