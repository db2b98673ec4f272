import { type ByteString, joinBytes } from "../base/byte-string.ts";
import { compileLightly } from "../base/compile-lightly.ts";
import { isSameFile, lstat } from "../fs/native/file-status.ts";
import { at, type Manifest } from "../manifest/manifest.ts";

/**
 * A file with several names is unchanged only if all of them are, and name one inode that has no others. Otherwise all
 * of them count as changed.
 * @param unchangedFiles as found by `compareFilesJob`, which for a further name has compared only attributes
 */
export function compareNames(manifest: Manifest, destination: ByteString, unchangedFiles: Uint8Array): void {
  const { linkFiles, linkTargets } = manifest;
  const nameCounts = new Map<number, number>();
  for (let link = 0; link < linkTargets.length; link++) {
    const target = at(linkTargets, link);
    nameCounts.set(target, (nameCounts.get(target) ?? 1) + 1);
  }
  const statusOf = (file: number) => lstat(joinBytes(destination, manifest.filePath(file)));
  for (let link = 0; link < linkFiles.length; link++) {
    const [file, target] = [at(linkFiles, link), at(linkTargets, link)];
    if (unchangedFiles[file] === 1 && unchangedFiles[target] === 1) {
      const status = statusOf(file);
      const first = statusOf(target);
      const areOne = status !== undefined && first !== undefined && isSameFile(status, first);
      if (areOne && status.linkCount === nameCounts.get(target)) continue;
    }
    unchangedFiles[target] = 0;
  }
  for (let link = 0; link < linkFiles.length; link++) {
    if (unchangedFiles[at(linkTargets, link)] === 0) unchangedFiles[at(linkFiles, link)] = 0;
  }
}

compileLightly(compareNames);
