import { type ByteString, joinBytes } from "../base/byte-string.ts";
import { compileLightly } from "../base/compile-lightly.ts";
import { isSameFile, lstat } from "../fs/native/file-status.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { areEqualFiles } from "../manifest/equal-files.ts";
import { extendManifest } from "../manifest/extend-manifest.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { locateObject } from "../objects/object-path.ts";
import type { FurtherNames } from "../read/inode-groups.ts";
import { changedWhileRead } from "../read/open-source.ts";
import { type SourceFailure, throwFailures } from "../read/source-failure.ts";
import { Sharing } from "../sharing/classify-files.ts";

export interface LinkedSource {
  readonly path: ByteString;
  readonly objects: ByteString;
  /** See `classifyFiles`; called only if any file has several names. */
  readonly classify: (manifest: Manifest) => Uint8Array;
}

/**
 * Records which files of a tree are hard links to each other.
 *
 * Of package contents, only those count whose inode has all its names in the tree: equal files of a tree that was
 * restored share the inode of their object, and so do those of a package manager's store. Recording these as well
 * would give an unchanged tree another manifest each time it is stored. Files of build state never share an inode
 * unless they are hard links, or were linked to an object by `--link hard`.
 * @throws SourceError
 */
export function recordLinks(manifest: Manifest, source: LinkedSource, names: FurtherNames): Manifest {
  if (names.files.length === 0) return manifest;
  const isRecorded = findHardLinks(manifest, source, names);
  const isKept = (_file: number, link: number): boolean => isRecorded[at(names.targets, link)] === 1;
  const failures: SourceFailure[] = [];
  for (const [link, file] of names.files.entries()) {
    // They are one file: it was written to after one name had been read, and before the other was.
    if (isKept(file, link) && !areEqualFiles(manifest, file, at(names.targets, link)))
      failures.push({
        path: manifest.filePath(file),
        code: "SOURCE_CHANGED",
        message: describeChange(source, manifest, file),
      });
  }
  throwFailures(failures);
  return extendManifest(manifest, {
    linkFiles: names.files.filter(isKept),
    linkTargets: names.targets.filter(isKept),
  });
}

function describeChange({ path }: LinkedSource, manifest: Manifest, file: number): string {
  return changedWhileRead(new PathBuffer().set(joinBytes(path, manifest.filePath(file)))).message;
}

/** 1 for each file that is the first name of an inode, if its names in the tree are hard links. */
function findHardLinks(manifest: Manifest, source: LinkedSource, names: FurtherNames): Uint8Array {
  const { fileCount } = manifest.counts;
  const { files, targets, linkCounts } = names;
  const sharing = source.classify(manifest);
  const namesInTree = new Uint32Array(fileCount);
  const namesAnywhere = new Uint32Array(fileCount);
  const isPackage = new Uint8Array(fileCount);
  for (let link = 0; link < files.length; link++) {
    const target = at(targets, link);
    namesInTree[target] = Math.max(1, at(namesInTree, target)) + 1;
    namesAnywhere[target] = Math.max(at(namesAnywhere, target), at(linkCounts, link));
    for (const file of [at(files, link), target]) {
      if (sharing[file] === Sharing.SHARED) isPackage[target] = 1;
    }
  }
  const areHardLinks = new Uint8Array(fileCount);
  for (let target = 0; target < fileCount; target++) {
    if (at(namesInTree, target) === 0) continue;
    const isComplete = namesInTree[target] === namesAnywhere[target];
    if (isComplete || (isPackage[target] === 0 && !isObject(manifest, target, source)))
      areHardLinks[target] = 1;
  }
  return areHardLinks;
}

/** Whether a file of a source is its object. */
function isObject(manifest: Manifest, file: number, { path, objects }: LinkedSource): boolean {
  const object = lstat(locateObject(objects, manifest, file));
  const status = lstat(joinBytes(path, manifest.filePath(file)));
  return object !== undefined && status !== undefined && isSameFile(object, status);
}

compileLightly(findHardLinks);
