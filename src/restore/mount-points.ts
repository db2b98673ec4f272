import { compileLightly } from "../base/compile-lightly.ts";
import { at, type Manifest } from "../manifest/manifest.ts";

/** The number of the root directory: what is not on another mount is on that of the destination. */
export const ROOT = 0;

/** Which parts of a destination are on mounts of their own. Nothing can be renamed or linked across their borders. */
export interface MountPoints {
  /** For each directory, the nearest one above it, or itself, that is a mount point; else `ROOT`. */
  readonly directories: Uint32Array;
  /**
   * For each further name of a file (`Manifest.linkFiles`), the first name of that file on the same mount, which may
   * be itself: a file whose names are on several mounts is an inode on each.
   */
  readonly firstNames: Uint32Array;
}

/** @param directories see `MountPoints` */
export function findFirstNames(manifest: Manifest, directories: Uint32Array): Uint32Array {
  const { linkFiles, linkTargets } = manifest;
  if (directories.every((mountPoint) => mountPoint === ROOT)) return linkTargets;
  const mountOf = (file: number): number => at(directories, manifest.directoryOfFile(file));
  const found = new Map<string, number>();
  return linkTargets.map((target, link) => {
    const file = at(linkFiles, link);
    const mountPoint = mountOf(file);
    if (mountOf(target) === mountPoint) return target;
    const inode = `${target} ${mountPoint}`;
    const first = found.get(inode) ?? file;
    found.set(inode, first);
    return first;
  });
}

/** Further names of files that are the first ones on their mounts. */
export function namesOnTheirOwn(manifest: Manifest, { firstNames }: MountPoints): number[] {
  return [...manifest.linkFiles].filter((file, link) => at(firstNames, link) === file);
}

compileLightly(findFirstNames);
