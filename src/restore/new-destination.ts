import type { ByteString } from "../base/byte-string.ts";
import { errnoOf } from "../fs/errno.ts";
import { lstat } from "../fs/native/file-status.ts";
import { mkdir, rename, rmdir } from "../fs/native/path-calls.ts";
import { at } from "../manifest/manifest.ts";
import { buildTree } from "./build-tree.ts";
import { isDamaged } from "./damage.ts";
import type { NewDestination } from "./destination.ts";
import { finishRoot, finishTree } from "./finish-directories.ts";
import type { PreparedTree } from "./prepared-tree.ts";
import { StagingDirectory } from "./staging-directory.ts";
import type { BuildRuntime, Target } from "./target.ts";

/**
 * Builds a tree, or a single file, next to its destination, to be moved there as a whole.
 * @param distrusted see `buildTree`
 * @throws BtdtError, a `node:fs` error
 */
export async function prepareNewDestination(
  target: Target,
  destination: NewDestination,
  distrusted: ReadonlySet<number> | undefined,
  runtime: BuildRuntime,
): Promise<PreparedTree> {
  const { manifest } = target;
  const { isSingleFile } = manifest.counts;
  const staging = StagingDirectory.create(destination.parent);
  try {
    // The root stays accessible until it is in place.
    if (!isSingleFile) mkdir(staging.tree, 0o700);
    const site = { path: staging.tree, unchanged: undefined };
    const built = await buildTree(target, site, distrusted, runtime);
    // A directory that its owner cannot write to cannot be moved.
    const isMovable = isSingleFile || (at(manifest.directoryModes, 0) & 0o700) === 0o700;
    if (!isSingleFile && !isDamaged(built.damage) && !runtime.isCancelled()) {
      await finishTree(manifest, site, runtime.siteRunners);
      if (isMovable) finishRoot(manifest, staging.tree);
    }
    return {
      ...built,
      unchangedCount: 0,
      commit: () => {
        move(staging.tree, destination);
        if (!isMovable) finishRoot(manifest, destination.path);
      },
      close: () => staging.close(runtime.isCancelled()),
    };
  } catch (error) {
    staging.close(runtime.isCancelled());
    throw error;
  }
}

/** Also creates the parent directories; if it fails, none of them is left. */
function move(built: ByteString, destination: NewDestination): void {
  const made: ByteString[] = [];
  try {
    for (const parent of destination.kind === "free" ? destination.missingParents : []) {
      if (makeParent(parent)) made.push(parent);
    }
    rename(built, destination.path);
  } catch (error) {
    for (const parent of made.toReversed()) removeIfEmpty(parent);
    throw error;
  }
}

/**
 * Returns false if another tree or process has created it in the meantime; anything but a real directory is an error.
 */
function makeParent(path: ByteString): boolean {
  try {
    mkdir(path);
    return true;
  } catch (error) {
    if (errnoOf(error) !== "EEXIST" || lstat(path)?.kind !== "directory") throw error;
    return false;
  }
}

function removeIfEmpty(path: ByteString): void {
  try {
    rmdir(path);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}
