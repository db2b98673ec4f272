import { type ByteString, joinBytes } from "../base/byte-string.ts";
import { compileLightly } from "../base/compile-lightly.ts";
import { type FileStatus, isSameFile, lstat } from "../fs/native/file-status.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { locateObject } from "../objects/object-path.ts";
import { Sharing } from "../sharing/classify-files.ts";
import type { LinkSource } from "./target.ts";

/**
 * A file with several names is unchanged only if all of them are, and name one inode that has no others, except its
 * exclusive object: one on each mount that the names are on. Otherwise all of them count as changed.
 * @param firstNames see `MountPoints`
 * @param unchangedFiles as found by `compareFilesJob`, which for a further name on a mount has compared only attributes
 */
export function compareNames(
  manifest: Manifest,
  { objects, sharing }: Pick<LinkSource, "objects" | "sharing">,
  firstNames: Uint32Array,
  destination: ByteString,
  unchangedFiles: Uint8Array,
): void {
  const { linkFiles, linkTargets } = manifest;
  const nameCounts = new Map<number, number>();
  for (let link = 0; link < firstNames.length; link++) {
    const first = at(firstNames, link);
    if (first !== at(linkFiles, link)) nameCounts.set(first, (nameCounts.get(first) ?? 1) + 1);
  }
  const statusOf = (file: number) => lstat(joinBytes(destination, manifest.filePath(file)));
  const isExclusiveObject = (file: number, status: FileStatus): boolean => {
    if (sharing[file] !== Sharing.EXCLUSIVE) return false;
    const object = lstat(locateObject(objects, manifest, file, true));
    return object !== undefined && isSameFile(object, status);
  };
  const isNameOf = (file: number, first: number): boolean => {
    if (unchangedFiles[file] === 0 || unchangedFiles[first] === 0) return false;
    const status = statusOf(file);
    if (status === undefined) return false;
    const others = status.linkCount - (nameCounts.get(first) ?? 1);
    if (others !== 0 && !(others === 1 && isExclusiveObject(file, status))) return false;
    const firstStatus = file === first ? status : statusOf(first);
    return firstStatus !== undefined && isSameFile(status, firstStatus);
  };
  for (let link = 0; link < linkFiles.length; link++) {
    const [file, first, target] = [at(linkFiles, link), at(firstNames, link), at(linkTargets, link)];
    if (isNameOf(file, first) && (first === target || isNameOf(target, target))) continue;
    unchangedFiles[target] = 0;
  }
  for (let link = 0; link < linkFiles.length; link++) {
    if (unchangedFiles[at(linkTargets, link)] === 0) unchangedFiles[at(linkFiles, link)] = 0;
  }
}

compileLightly(compareNames);
