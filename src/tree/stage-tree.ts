import type { ByteString } from "../base/byte-string.ts";
import type { LinkMode, Placement } from "../fs/place-file.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Runners } from "../work/job.ts";
import { runAll } from "../work/run-all.ts";
import { directoryRanges } from "./directory-ranges.ts";
import { type DirectoryModes, finishClosedDirectories, finishDirectoriesJob } from "./finish-directories.ts";
import { type ObjectProblem, type StagedFiles, stageFilesJob } from "./stage-files.ts";

export interface StageTreeOptions {
  readonly manifest: Manifest;
  readonly objects: ByteString;
  /** An empty directory for a tree; a path that does not exist for a single file. */
  readonly staging: ByteString;
  readonly temporary: ByteString | undefined;
  readonly linkMode: LinkMode;
  readonly ownInode: Uint8Array;
  readonly unwanted: { readonly files: Uint8Array; readonly symlinks: Uint8Array } | undefined;
}

export interface StagedTree {
  readonly fileCounts: Record<Placement, number>;
  readonly contentBytes: number;
  /** When there are any, what was staged is of no use. */
  readonly damaged: readonly { readonly file: number; readonly problem: ObjectProblem }[];
}

/** Builds an entry's tree, or the wanted part of it, in a place of its own; directories have no final attributes yet. */
export async function stageTree(options: StageTreeOptions, runners: Runners): Promise<StagedTree> {
  const { manifest, objects, staging, temporary, linkMode, ownInode, unwanted } = options;
  const damageFlag = new Int32Array(new SharedArrayBuffer(4));
  const ranges = directoryRanges(manifest);
  const runner = ranges.length > 1 ? runners.pool : runners.inline;
  const shared = {
    payload: manifest.payload,
    objects,
    staging,
    temporary,
    linkMode,
    ownInode,
    unwanted,
    damageFlag,
  };
  return sum(await runAll(runner, stageFilesJob, ranges, (range) => ({ ...shared, ...range })));
}

function sum(parts: readonly StagedFiles[]): StagedTree {
  const fileCounts = { reflinked: 0, linked: 0, copied: 0 };
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
  await runAll(runner, finishDirectoriesJob, ranges, (range) => ({ ...shared, ...range }));
  finishClosedDirectories(manifest, root);
}
