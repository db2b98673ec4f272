import { mkdirSync } from "node:fs";
import { type ByteString, fsPath, parentOf } from "../base/byte-string.ts";
import { ignoringErrno } from "../fs/errno.ts";
import { lstat } from "../fs/native/file-status.ts";
import { grantOwnerAccess } from "../fs/remove-tree.ts";
import { buildTree } from "./build-tree.ts";
import { isDamaged } from "./damage.ts";
import { finishExistingDirectory, finishTree } from "./finish-directories.ts";
import { planMerge } from "./merge-plan.ts";
import { mergeTree } from "./merge-tree.ts";
import { MountStages } from "./mount-stages.ts";
import type { PreparedTree } from "./prepared-tree.ts";
import { putBackAttributes, putBackMode } from "./put-back-attributes.ts";
import { removeAbandonedIn, StagingDirectory } from "./staging-directory.ts";
import type { BuildRuntime, Target } from "./target.ts";

/**
 * Builds what a directory lacks of a tree, inside it, to be merged into it.
 * @param distrusted see `buildTree`
 * @throws BtdtError, a `node:fs` error
 */
export async function prepareExistingDestination(
  target: Target,
  destination: ByteString,
  distrusted: ReadonlySet<number> | undefined,
  runtime: BuildRuntime,
): Promise<PreparedTree> {
  const { manifest } = target;
  const plan = await planMerge(target, destination, runtime);
  const before = lstat(destination);
  let staging: StagingDirectory | undefined;
  let mounts: MountStages | undefined;
  let state: "untouched" | "changing" | "changed" = "untouched";
  const close = (): void => {
    mounts?.close(state === "untouched", runtime.isCancelled());
    staging?.close(runtime.isCancelled());
    if (before === undefined) return;
    if (state === "untouched") putBackAttributes(destination, before);
    if (state === "changing") putBackMode(destination, before.mode);
  };
  try {
    // A restore may have been killed while nothing existed here, with its tree next to this path.
    ignoringErrno(() => removeAbandonedIn(parentOf(destination)));
    grantOwnerAccess(destination);
    staging = StagingDirectory.create(destination);
    const site = { path: staging.tree, unchanged: plan.unchanged };
    mkdirSync(fsPath(site.path), { mode: 0o700 });
    const built = await buildTree(target, site, distrusted, runtime);
    const isUseful = !isDamaged(built.damage) && !runtime.isCancelled();
    // Before directories are closed that their owner may not read.
    if (isUseful) mounts = await MountStages.build(manifest, plan, destination, site.path, runtime);
    if (isUseful) await finishTree(manifest, site, runtime.siteRunners);
    return {
      ...built,
      unchangedCount: plan.unchanged.files.reduce((sum, isUnchanged) => sum + isUnchanged, 0),
      commit: () => {
        state = "changing";
        if (mounts !== undefined) mergeTree(target, plan, destination, mounts);
        state = "changed";
        // Before the root gets its time, which removing the staging directory changes.
        close();
        finishExistingDirectory(manifest, destination, 0);
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}
