import { compileLightly } from "../base/compile-lightly.ts";
import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { at, type Manifest } from "./manifest.ts";

/** Whether two files of a manifest have the same content, mode and time: everything that belongs to an inode. */
export function areEqualFiles(manifest: Manifest, left: number, right: number): boolean {
  const { fileDigests } = manifest;
  return (
    at(manifest.fileSizes, left) === at(manifest.fileSizes, right) &&
    at(manifest.fileModes, left) === at(manifest.fileModes, right) &&
    at(manifest.fileMtimeSeconds, left) === at(manifest.fileMtimeSeconds, right) &&
    at(manifest.fileMtimeNanoseconds, left) === at(manifest.fileMtimeNanoseconds, right) &&
    fileDigests.compare(
      fileDigests,
      right * DIGEST_SIZE_BYTES,
      (right + 1) * DIGEST_SIZE_BYTES,
      left * DIGEST_SIZE_BYTES,
      (left + 1) * DIGEST_SIZE_BYTES,
    ) === 0
  );
}

compileLightly(areEqualFiles);
