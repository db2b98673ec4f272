import { mkdirSync, renameSync } from "node:fs";
import { type ByteString, fsPath, shown } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { type FileStatus, lstat } from "../fs/file-status.ts";
import type { LinkMode, Placement } from "../fs/place-file.ts";
import { openDirectory } from "../fs/remove-tree.ts";
import { isWithin, resolvePath } from "../fs/resolve-path.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import type { PackedFilesOfEntry } from "../packs/unpack-tree.ts";
import type { Runners } from "../work/job.ts";
import type { Destination } from "./destination.ts";
import { finishRoot } from "./finish-directories.ts";
import { applyMerge, type MergeTarget, planMerge } from "./merge-tree.ts";
import { putBackAttributes } from "./put-back-attributes.ts";
import { finishTree, type StagedTree, stageTree } from "./stage-tree.ts";
import { StagingDirectory } from "./staging-directory.ts";

export interface PlaceTreeOptions {
  readonly manifest: Manifest;
  readonly destination: Destination;
  readonly objects: ByteString;
  readonly cacheRoot: FileStatus | undefined;
  readonly temporary: ByteString | undefined;
  readonly linkMode: LinkMode;
  readonly ownInode: Uint8Array;
  readonly exact: boolean;
  /** Set when contents come from packs. */
  readonly packed: PackedFilesOfEntry | undefined;
  readonly umask: number;
  readonly isCancelled: () => boolean;
  /** Told what is done next, and with how many files and bytes. */
  readonly onPhase: (phase: "comparing" | "restoring", files: number, bytes: () => number) => void;
}

export interface PlacedTree extends StagedTree {
  /** False when the destination was left as it was: the entry is damaged, or the work was stopped. */
  readonly isPlaced: boolean;
  readonly fileCounts: Record<Placement | "unpacked" | "unchanged", number>;
}

/**
 * Makes a destination hold an entry. Everything is built aside first; the destination is changed only when all of it is
 * there, so that an entry which turns out to be damaged, or a full disk, leaves no trace.
 * @throws BtdtError, a `node:fs` error
 */
export async function placeTree(options: PlaceTreeOptions, runners: Runners): Promise<PlacedTree> {
  const { destination, manifest } = options;
  if (manifest.counts.isSingleFile) {
    if (destination.kind === "directory")
      throw conflict(destination, "is a directory, but the entry is a file");
    return await placeWhole(options, destination.path, destination.parent, runners);
  }
  switch (destination.kind) {
    case "file":
      throw conflict(destination, "is a file, but the entry is a directory");
    case "free":
      return await placeWhole(options, destination.path, destination.parent, runners);
    case "directory":
      return await mergeInto(options, destination.path, runners);
  }
}

function conflict(destination: Destination, what: string): BtdtError {
  return new BtdtError("DESTINATION_CONFLICT", `${shown(destination.path)} ${what}`, {
    path: shown(destination.path),
    hint: "remove it, or restore to another place",
  });
}

/** Built beside its place and moved there as a whole. */
async function placeWhole(
  options: PlaceTreeOptions,
  path: ByteString,
  parent: ByteString,
  runners: Runners,
): Promise<PlacedTree> {
  const { manifest } = options;
  const staging = StagingDirectory.create(parent);
  try {
    const { isSingleFile } = manifest.counts;
    // The root stays open until it is in place.
    if (!isSingleFile) mkdirSync(fsPath(staging.tree), { mode: 0o700 });
    options.onPhase("restoring", manifest.counts.fileCount, () => manifest.contentBytes());
    const staged = await stageTree({ ...options, staging: staging.tree, unwanted: undefined }, runners);
    const isPlaced = staged.damaged.length === 0 && !options.isCancelled();
    if (isPlaced) {
      if (!isSingleFile) {
        const inheritsGroup = ((lstat(staging.tree)?.mode ?? 0) & 0o2000) !== 0;
        await finishTree(
          manifest,
          staging.tree,
          { umask: options.umask, areUnknown: inheritsGroup },
          runners,
        );
        const isMovable = (at(manifest.directoryModes, 0) & 0o700) === 0o700;
        if (isMovable) finishRoot(manifest, staging.tree);
        renameSync(fsPath(staging.tree), fsPath(path));
        if (!isMovable) finishRoot(manifest, path);
      } else {
        renameSync(fsPath(staging.tree), fsPath(path));
      }
    }
    return { ...staged, isPlaced, fileCounts: { ...staged.fileCounts, unchanged: 0 } };
  } finally {
    staging.close();
  }
}

/** Built within the destination, then moved to its places file by file. */
async function mergeInto(
  options: PlaceTreeOptions,
  destination: ByteString,
  runners: Runners,
): Promise<PlacedTree> {
  const { manifest, objects } = options;
  const target: MergeTarget = { destination, cacheRoot: options.cacheRoot, exact: options.exact };
  if (options.exact) assertCacheOutside(destination, objects);
  options.onPhase("comparing", manifest.counts.fileCount, () => manifest.contentBytes());
  const plan = await planMerge(manifest, target, objects, runners);
  const before = lstat(destination);
  let staging: StagingDirectory | undefined;
  let isChanged = false;
  let placed: PlacedTree;
  try {
    openDirectory(destination);
    staging = StagingDirectory.create(destination);
    mkdirSync(fsPath(staging.tree), { mode: 0o700 });
    const unchanged = plan.unchanged.files.reduce((sum, isUnchanged) => sum + isUnchanged, 0);
    options.onPhase("restoring", manifest.counts.fileCount - unchanged, () => {
      return manifest.fileSizes.reduce((sum, sizeBytes, file) => {
        return plan.unchanged.files[file] === 0 ? sum + sizeBytes : sum;
      }, 0);
    });
    const staged = await stageTree({ ...options, staging: staging.tree, unwanted: plan.unchanged }, runners);
    const isPlaced = staged.damaged.length === 0 && !options.isCancelled();
    if (isPlaced) {
      isChanged = true;
      applyMerge(manifest, plan, target, staging.tree);
      await finishTree(manifest, destination, { umask: options.umask, areUnknown: true }, runners);
    }
    placed = { ...staged, isPlaced, fileCounts: { ...staged.fileCounts, unchanged } };
  } finally {
    staging?.close();
    if (!isChanged && before !== undefined) putBackAttributes(destination, before);
  }
  // Only now, because removing the staging directory changes the root's time.
  if (placed.isPlaced) finishRoot(manifest, destination);
  return placed;
}

function assertCacheOutside(destination: ByteString, objects: ByteString): void {
  if (lstat(objects) === undefined || !isWithin(resolvePath(objects), destination)) return;
  throw new BtdtError(
    "DESTINATION_CONFLICT",
    `--exact would remove the cache, which lies in ${shown(destination)}`,
    {
      path: shown(destination),
      hint: "restore to a directory beside the cache, or without --exact",
    },
  );
}
