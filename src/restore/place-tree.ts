import { mkdirSync, renameSync, rmdirSync } from "node:fs";
import { type ByteString, display, fsPath } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { errnoOf } from "../fs/errno.ts";
import { type FileStatus, lstat } from "../fs/native/file-status.ts";
import type { LinkMode, Placement } from "../fs/place-file.ts";
import { openDirectory } from "../fs/remove-tree.ts";
import { isWithin, resolvePath } from "../fs/resolve-path.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import type { PackedFiles } from "../packs/unpack/find-packed-files.ts";
import type { Runners } from "../work/job.ts";
import { finishTree, type StagedTree, stageTree } from "./build-tree.ts";
import type { Destination } from "./destination.ts";
import { finishRoot } from "./finish-directories.ts";
import { applyMerge, type MergeTarget, planMerge } from "./merge-tree.ts";
import { putBackAttributes } from "./put-back-attributes.ts";
import { StagingDirectory } from "./staging-directory.ts";

export interface PlaceTreeOptions {
  readonly manifest: Manifest;
  readonly destination: Destination;
  readonly cache: CacheDirectory;
  readonly objects: ByteString;
  readonly cacheRoot: FileStatus | undefined;
  readonly temporary: ByteString | undefined;
  readonly linkMode: LinkMode;
  readonly ownInode: Uint8Array;
  readonly exact: boolean;
  /** Set when contents may come from packs; see `StageTreeOptions`. */
  readonly openPacks: (() => PackedFiles | undefined) | undefined;
  readonly umask: number;
  readonly isCancelled: () => boolean;
  /** Told what is done next, and with how many files and bytes. */
  readonly onPhase: (phase: "comparing" | "restoring", files: number, bytes: () => number) => void;
}

export interface PreparedTree extends StagedTree {
  readonly fileCounts: Record<Placement | "unpacked" | "unchanged", number>;
  /** Makes the destination hold the tree. Only for a tree that is not damaged, and when the work was not stopped. @throws a `node:fs` error */
  commit(): Promise<void>;
  /** Removes what was built aside; in any case to be called. */
  close(): void;
}

/**
 * Prepares a destination to hold a tree. Everything is built aside first; the destination is changed only when all of it is
 * there, so that an entry which turns out to be damaged, or a full disk, leaves no trace.
 * @throws BtdtError, a `node:fs` error
 */
export async function prepareTree(options: PlaceTreeOptions, runners: Runners): Promise<PreparedTree> {
  const { destination, manifest } = options;
  if (manifest.counts.isSingleFile) {
    if (destination.kind === "directory")
      throw conflict(destination, "is a directory, but the entry is a file");
    return await prepareWhole(options, destination, runners);
  }
  switch (destination.kind) {
    case "file":
      throw conflict(destination, "is a file, but the entry is a directory");
    case "free":
      return await prepareWhole(options, destination, runners);
    case "directory":
      return await prepareMerge(options, destination.path, runners);
  }
}

function conflict(destination: Destination, what: string): BtdtError {
  return new BtdtError("DESTINATION_CONFLICT", `${display(destination.path)} ${what}`, {
    path: display(destination.path),
    hint: "remove it, or restore to another path",
  });
}

/** Built beside its place and moved there as a whole. */
async function prepareWhole(
  options: PlaceTreeOptions,
  destination: Exclude<Destination, { kind: "directory" }>,
  runners: Runners,
): Promise<PreparedTree> {
  const { manifest } = options;
  const { path } = destination;
  const staging = StagingDirectory.create(destination.parent);
  try {
    const { isSingleFile } = manifest.counts;
    // The root stays open until it is in place.
    if (!isSingleFile) mkdirSync(fsPath(staging.tree), { mode: 0o700 });
    options.onPhase("restoring", manifest.counts.fileCount, () => manifest.contentBytes());
    const staged = await stageTree({ ...options, staging: staging.tree, unwanted: undefined }, runners);
    const isMovable = isSingleFile || (at(manifest.directoryModes, 0) & 0o700) === 0o700;
    if (!isSingleFile && staged.damaged.length === 0 && !options.isCancelled()) {
      const inheritsGroup = ((lstat(staging.tree)?.mode ?? 0) & 0o2000) !== 0;
      await finishTree(manifest, staging.tree, { umask: options.umask, areUnknown: inheritsGroup }, runners);
      if (isMovable) finishRoot(manifest, staging.tree);
    }
    return {
      ...staged,
      fileCounts: { ...staged.fileCounts, unchanged: 0 },
      commit: async () => {
        moveTo(destination, staging.tree);
        if (!isMovable) finishRoot(manifest, path);
      },
      close: () => staging.close(),
    };
  } catch (error) {
    staging.close();
    throw error;
  }
}

/** Makes the directories that lead there, too; when it fails none of them is left. */
function moveTo(destination: Exclude<Destination, { kind: "directory" }>, staged: ByteString): void {
  const made: ByteString[] = [];
  try {
    for (const parent of destination.kind === "free" ? destination.missingParents : []) {
      if (makeParent(parent)) made.push(parent);
    }
    renameSync(fsPath(staged), fsPath(destination.path));
  } catch (error) {
    for (const parent of made.toReversed()) removeIfEmpty(parent);
    throw error;
  }
}

/** False when another tree, or somebody else, has made it since it was found missing: a real directory, and nothing else will do. */
function makeParent(path: ByteString): boolean {
  try {
    mkdirSync(fsPath(path));
    return true;
  } catch (error) {
    if (errnoOf(error) !== "EEXIST" || lstat(path)?.kind !== "directory") throw error;
    return false;
  }
}

function removeIfEmpty(path: ByteString): void {
  try {
    rmdirSync(fsPath(path));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

/** Built within the destination, then moved to its places file by file. */
async function prepareMerge(
  options: PlaceTreeOptions,
  destination: ByteString,
  runners: Runners,
): Promise<PreparedTree> {
  const { manifest, objects } = options;
  const target: MergeTarget = { destination, cacheRoot: options.cacheRoot, exact: options.exact };
  if (options.exact) assertCacheOutside(destination, objects);
  options.onPhase("comparing", manifest.counts.fileCount, () => manifest.contentBytes());
  const plan = await planMerge(manifest, target, objects, runners);
  const before = lstat(destination);
  let staging: StagingDirectory | undefined;
  let isChanged = false;
  const close = (): void => {
    staging?.close();
    if (!isChanged && before !== undefined) putBackAttributes(destination, before);
  };
  try {
    openDirectory(destination);
    staging = StagingDirectory.create(destination);
    const staged = staging.tree;
    mkdirSync(fsPath(staged), { mode: 0o700 });
    const unchanged = plan.unchanged.files.reduce((sum, isUnchanged) => sum + isUnchanged, 0);
    options.onPhase("restoring", manifest.counts.fileCount - unchanged, () => {
      return manifest.fileSizes.reduce((sum, sizeBytes, file) => {
        return plan.unchanged.files[file] === 0 ? sum + sizeBytes : sum;
      }, 0);
    });
    const tree = await stageTree({ ...options, staging: staged, unwanted: plan.unchanged }, runners);
    return {
      ...tree,
      fileCounts: { ...tree.fileCounts, unchanged },
      commit: async () => {
        isChanged = true;
        applyMerge(manifest, plan, target, staged);
        await finishTree(manifest, destination, { umask: options.umask, areUnknown: true }, runners);
        // Before the root gets its time, which removing the staging directory would change.
        close();
        finishRoot(manifest, destination);
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

function assertCacheOutside(destination: ByteString, objects: ByteString): void {
  if (lstat(objects) === undefined || !isWithin(resolvePath(objects), destination)) return;
  throw new BtdtError(
    "DESTINATION_CONFLICT",
    `--exact would delete the cache, which is inside ${display(destination)}`,
    {
      path: display(destination),
      hint: "restore to a directory outside the cache, or without --exact",
    },
  );
}
