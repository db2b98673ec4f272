import type { Pause } from "../base/pause.ts";
import type { Progress } from "../base/progress.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { forgetEditedPaths, rememberEditedPaths } from "../cache/edited-paths.ts";
import { removeSession } from "../cache/list-sessions.ts";
import { removeManifestFile } from "../cache/manifest-files.ts";
import { removeOldEditedPath } from "../cache/old-edited-paths.ts";
import { foldCount } from "../cache/restore-counts.ts";
import type { Session } from "../cache/session.ts";
import type { Garbage } from "../inventory/garbage.ts";
import type { Inventory } from "../inventory/inventory.ts";
import { type RemovableObject, removeObject, removeObjectsInThreads } from "../objects/remove-objects.ts";
import { deletePack } from "../packs/contents/pack-directory.ts";
import type { Runner } from "../work/job.ts";
import { unlessFull } from "./full-volume.ts";
import { Leftovers } from "./leftovers.ts";
import { nameUnneeded } from "./name-unneeded.ts";
import type { PackPlan } from "./pack-plan.ts";
import type { CleanPlan, Eviction } from "./plan.ts";
import { removeDamagedKey, removeEntryKeys, removeIfPresent } from "./remove-keys.ts";

export interface SweepTools {
  /** The clean's own session, for what is moved aside before it is removed; undefined if the volume is full. */
  readonly session: Session | undefined;
  readonly progress: Progress;
  /** Removes objects if the volume is slow. */
  readonly runner: Runner;
  /** Yields to signals. @throws BtdtError CANCELLED after a signal */
  readonly pause: Pause;
  readonly onWarning: (warning: string) => void;
}

/** Then signals are handled. */
const LONGEST_STEP_MS = 50;

/**
 * Carries out a plan under the cache's exclusive lock: keys first, then manifests, then objects and packs, so that a
 * stop or kill at any point leaves whole entries and garbage, never a key without its contents.
 * @throws BtdtError CANCELLED; a `node:fs` error
 */
export async function sweep(
  cache: CacheDirectory,
  { items, garbage }: Pick<Inventory, "items" | "garbage">,
  plan: CleanPlan,
  packPlan: PackPlan,
  tools: SweepTools,
): Promise<void> {
  const { session, progress, pause, onWarning } = tools;
  const leftovers = new Leftovers();
  for (const eviction of plan.evictions) {
    await evict(cache, session, eviction, pause);
  }
  for (const { name } of garbage.damagedKeyFiles) {
    removeDamagedKey(cache, name);
    await pause();
  }
  const files = plan.unneededItems.filter((item) => item >= items.firstFile);
  progress.begin({ name: "removing", unit: "files", files: files.length });
  for (const item of files) {
    if (items.kindOf(item) !== "manifest") continue;
    const name = items.nameOf(item);
    leftovers.unlessHeld(() => removeIfPresent(() => removeManifestFile(cache, name)));
    progress.add({ files: 1 });
    await pause();
  }
  await removeObjects(cache, nameUnneeded(cache, items, files), leftovers, tools);
  for (const name of packPlan.removed) {
    leftovers.unlessHeld(() => deletePack(cache, session, name));
    await pause();
  }
  await removeGarbage(cache, session, garbage, leftovers, pause);
  leftovers.report(onWarning);
}

/**
 * If an object was edited in place, its entry is removed without a restore that would notice, so it is noted here.
 */
async function evict(
  cache: CacheDirectory,
  session: Session | undefined,
  { entry }: Eviction,
  pause: Pause,
): Promise<void> {
  for (const { recordedPath, paths } of entry.editedPaths) {
    // Without the note, there is one more miss: no reason not to make room.
    if (session !== undefined) unlessFull(() => rememberEditedPaths(cache, session, recordedPath, paths));
  }
  await removeEntryKeys(cache, entry, pause);
}

async function removeObjects(
  { objects }: CacheDirectory,
  removed: Iterable<RemovableObject>,
  leftovers: Leftovers,
  { runner, progress, pause }: SweepTools,
): Promise<void> {
  if (runner.isVolumeSlow) {
    leftovers.add(await removeObjectsInThreads(objects, [...removed], runner));
    return;
  }
  for (const object of removed) {
    leftovers.unlessHeld(() => removeObject(objects, object));
    progress.add({ files: 1 });
    await pause();
  }
}

async function removeGarbage(
  cache: CacheDirectory,
  session: Session | undefined,
  { sessions, editedPaths, oldCounts }: Garbage,
  leftovers: Leftovers,
  pause: Pause,
): Promise<void> {
  for (const dead of sessions) {
    let isDone = false;
    while (!isDone) {
      // Of a killed import, it may contain a whole tree.
      const endNs = Bun.nanoseconds() + LONGEST_STEP_MS * 1e6;
      isDone = leftovers.unlessHeld(() => removeSession(dead, () => Bun.nanoseconds() > endNs)) ?? true;
      await pause();
    }
  }
  for (const { recordedPath, stale, confirmed } of editedPaths.families) {
    if (session === undefined) break;
    unlessFull(() => {
      if (confirmed.length > 0) rememberEditedPaths(cache, session, recordedPath, confirmed);
      if (stale.size > 0) forgetEditedPaths(cache, session, recordedPath, stale);
    });
  }
  for (const old of editedPaths.old) removeIfPresent(() => removeOldEditedPath(cache, old));
  for (const count of oldCounts) removeIfPresent(() => unlessFull(() => foldCount(cache, count)));
}
