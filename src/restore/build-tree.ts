import { type ByteString, parentOf } from "../base/byte-string.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { lstat } from "../fs/native/file-status.ts";
import type { LinkMode, Placement } from "../fs/place-file.ts";
import { directoryRanges } from "../manifest/directory-ranges.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { PackedFiles } from "../packs/unpack/find-packed-files.ts";
import { planUnpack, type UnpackPlan } from "../packs/unpack/unpack-plan.ts";
import { unpackTree } from "../packs/unpack/unpack-tree.ts";
import type { Runners } from "../work/job.ts";
import { runAllSharing } from "../work/run-all.ts";
import { type DirectoryModes, finishClosedDirectories, finishDirectoriesJob } from "./finish-directories.ts";
import { type StagedFiles, stageFilesJob } from "./link-files.ts";
import { makeDirectories } from "./make-directories.ts";
import type { ObjectProblem } from "./object-placer.ts";

export interface StageTreeOptions {
  readonly manifest: Manifest;
  readonly objects: ByteString;
  /** An empty directory for a tree; a path that does not exist for a single file. */
  readonly staging: ByteString;
  readonly temporary: ByteString | undefined;
  readonly linkMode: LinkMode;
  readonly ownInode: Uint8Array;
  readonly unwanted: { readonly files: Uint8Array; readonly symlinks: Uint8Array } | undefined;
  /** Set when contents may come from packs: finds out which do. */
  readonly openPacks: (() => PackedFiles | undefined) | undefined;
  readonly cache: CacheDirectory;
  readonly umask: number;
}

/** What keeps a file from being placed; `damaged`: its content in a pack. */
type FileProblem = ObjectProblem | "damaged";

export interface StagedTree {
  readonly fileCounts: Record<Placement | "unpacked", number>;
  readonly contentBytes: number;
  /** When there are any, what was staged is of no use. */
  readonly damaged: readonly { readonly file: number; readonly problem: FileProblem }[];
  /** Blocks of packs that are the reason for some of it. */
  readonly damagedBlocks: readonly { readonly pack: string; readonly block: number }[];
}

/** Builds an entry's tree, or the wanted part of it, in a place of its own; directories have no final attributes yet. */
export async function stageTree(options: StageTreeOptions, runners: Runners): Promise<StagedTree> {
  const { manifest, staging, unwanted, openPacks } = options;
  const damageFlag = new Int32Array(new SharedArrayBuffer(4));
  if (openPacks === undefined) return await stageFiles(options, undefined, damageFlag, runners);
  // Threads make them while this one finds out what the packs have; of a part of a tree most may not be needed.
  const making = unwanted === undefined ? makeDirectories(manifest, staging, runners) : Promise.resolve();
  const planning = (async () => planFor(options, openPacks()))();
  // Both end before either one's failure is thrown: nobody may write to what is being removed then.
  await Promise.allSettled([making, planning]);
  await making;
  const planned = await planning;
  if (planned === undefined) return await stageFiles(options, undefined, damageFlag, runners);
  const stagingFiles = stageFiles(options, planned.packed, damageFlag, runners);
  // Otherwise it makes the directories.
  if (unwanted !== undefined) await stagingFiles;
  const unpacking = unpack(options, planned, damageFlag, runners);
  await Promise.allSettled([stagingFiles, unpacking]);
  return combined(await stagingFiles, await unpacking);
}

interface Planned {
  readonly packed: PackedFiles;
  readonly plan: UnpackPlan;
}

function planFor(
  { manifest, unwanted }: StageTreeOptions,
  packed: PackedFiles | undefined,
): Planned | undefined {
  if (packed === undefined) return undefined;
  return { packed, plan: planUnpack(manifest, packed, unwanted?.files) };
}

/** All but what comes from packs. */
async function stageFiles(
  { manifest, objects, staging, temporary, linkMode, ownInode, unwanted, openPacks }: StageTreeOptions,
  packed: PackedFiles | undefined,
  damageFlag: Int32Array,
  runners: Runners,
): Promise<StagedTree> {
  const ranges = directoryRanges(manifest);
  const runner = ranges.length > 1 ? runners.pool : runners.inline;
  const shared = {
    packed: packed?.sources,
    areDirectoriesMade: openPacks !== undefined && unwanted === undefined,
    payload: manifest.payload,
    objects,
    staging,
    temporary,
    linkMode,
    ownInode,
    unwanted,
    damageFlag,
  };
  return { ...sum(await runAllSharing(runner, stageFilesJob, shared, ranges)), damagedBlocks: [] };
}

/** What comes from packs. */
async function unpack(
  options: StageTreeOptions,
  { plan }: Planned,
  damageFlag: Int32Array,
  runners: Runners,
): Promise<StagedTree> {
  const { manifest, staging, umask, ownInode } = options;
  const { fileCount, contentBytes, problems, damagedBlocks } = await unpackTree(
    plan,
    {
      cache: options.cache,
      manifest,
      staging,
      umask,
      isAdopted: mayAdopt(options),
      ownInode,
      damageFlag,
    },
    runners,
  );
  return {
    fileCounts: { ...NO_FILES, unpacked: fileCount },
    contentBytes,
    damaged: problems.map(({ file, problem }) => ({
      file,
      problem: problem.kind === "gone" ? ("missing" as const) : problem.kind,
    })),
    damagedBlocks,
  };
}

const NO_FILES = { reflinked: 0, linked: 0, copied: 0, unpacked: 0 };

function combined(staged: StagedTree, unpacked: StagedTree): StagedTree {
  return {
    fileCounts: { ...staged.fileCounts, unpacked: unpacked.fileCounts.unpacked },
    contentBytes: staged.contentBytes + unpacked.contentBytes,
    damaged: [...staged.damaged, ...unpacked.damaged],
    damagedBlocks: unpacked.damagedBlocks,
  };
}

/** What was unpacked on the cache's own file system becomes objects, so that the next restore links. */
function mayAdopt({ staging, objects, temporary, linkMode }: StageTreeOptions): boolean {
  if (temporary === undefined || linkMode === "copy" || linkMode === "reflink") return false;
  const here = lstat(staging) ?? lstat(parentOf(staging));
  return here !== undefined && here.device === lstat(objects)?.device;
}

function sum(parts: readonly StagedFiles[]): Omit<StagedTree, "damagedBlocks"> {
  const fileCounts = { ...NO_FILES };
  let contentBytes = 0;
  for (const part of parts) {
    fileCounts.reflinked += part.fileCounts.reflinked;
    fileCounts.linked += part.fileCounts.linked;
    fileCounts.copied += part.fileCounts.copied;
    contentBytes += part.contentBytes;
  }
  return { fileCounts, contentBytes, damaged: parts.flatMap((part) => part.damaged) };
}

/** Gives all directories below `root`, but not `root` itself, their final modes and times. */
export async function finishTree(
  manifest: Manifest,
  root: ByteString,
  modes: DirectoryModes,
  runners: Runners,
): Promise<void> {
  const ranges = directoryRanges(manifest);
  const runner = ranges.length > 1 ? runners.pool : runners.inline;
  const shared = { payload: manifest.payload, root, modes };
  await runAllSharing(runner, finishDirectoriesJob, shared, ranges);
  finishClosedDirectories(manifest, root);
}
