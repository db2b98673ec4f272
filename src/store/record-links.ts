import { type ByteString, joinBytes } from "../base/byte-string.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { areEqualFiles } from "../manifest/equal-files.ts";
import { extendManifest } from "../manifest/extend-manifest.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import type { FurtherNames } from "../read/inode-groups.ts";
import { changedWhileRead } from "../read/open-source.ts";

/**
 * Records which files of a tree are hard links to each other.
 *
 * Only those count whose inode has all its names in the tree: equal files of a tree that was restored share the inode
 * of their object, and so do those of a package manager's store. Recording these as well would give an unchanged tree
 * another manifest each time it is stored.
 * @throws BtdtError SOURCE_CHANGED
 */
export function recordLinks(manifest: Manifest, source: ByteString, names: FurtherNames): Manifest {
  if (names.files.length === 0) return manifest;
  const isComplete = findCompleteInodes(manifest.counts.fileCount, names);
  const isRecorded = (link: number): boolean => isComplete[at(names.targets, link)] === 1;
  for (const [link, file] of names.files.entries()) {
    // They are one file: it was written to after one name had been read, and before the other was.
    if (isRecorded(link) && !areEqualFiles(manifest, file, at(names.targets, link)))
      throw changedWhileRead(new PathBuffer().set(joinBytes(source, manifest.filePath(file))));
  }
  return extendManifest(manifest, {
    linkFiles: names.files.filter((_, link) => isRecorded(link)),
    linkTargets: names.targets.filter((_, link) => isRecorded(link)),
  });
}

/** 1 for each file that is the first name of an inode, if all names of that inode are in the tree. */
function findCompleteInodes(fileCount: number, { targets, linkCounts }: FurtherNames): Uint8Array {
  const namesInTree = new Uint32Array(fileCount);
  const namesAnywhere = new Uint32Array(fileCount);
  for (const [link, target] of targets.entries()) {
    namesInTree[target] = Math.max(1, at(namesInTree, target)) + 1;
    namesAnywhere[target] = Math.max(at(namesAnywhere, target), at(linkCounts, link));
  }
  const isComplete = new Uint8Array(fileCount);
  for (const target of targets) {
    if (namesInTree[target] === namesAnywhere[target]) isComplete[target] = 1;
  }
  return isComplete;
}
