import { unlinkSync } from "node:fs";
import { fsPath } from "../base/byte-string.ts";
import type { Progress } from "../base/progress.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { confirmEditedPath, forgetEditedPath } from "../cache/edited-paths.ts";
import { readKeyFile, removeKeyFile } from "../cache/key-files.ts";
import { removeSession } from "../cache/list-sessions.ts";
import { removeManifestFile } from "../cache/manifest-files.ts";
import { foldCount } from "../cache/restore-counts.ts";
import type { Session } from "../cache/session.ts";
import { errnoOf } from "../fs/errno.ts";
import type { CollectedContents } from "../inventory/take-stock.ts";
import { decodeKeyFile, entryIdOf } from "../key/key-file.ts";
import { objectPath } from "../objects/object-path.ts";
import { deletePack } from "../packs/contents/pack-directory.ts";
import type { PackPlan } from "./pack-plan.ts";
import type { CleanPlan } from "./plan.ts";

/**
 * Carries out a plan, under the cache's exclusive lock: keys first, then manifests, then objects, so that being
 * killed at any point leaves whole entries and garbage, never a key without its contents.
 * @throws a `node:fs` error
 */
export function sweep(
  cache: CacheDirectory,
  contents: CollectedContents,
  plan: CleanPlan,
  packPlan: PackPlan,
  session: Session,
  progress: Progress,
): void {
  for (const { entry } of plan.evictions) {
    for (const keyFile of contents.keyFilesOf.get(entry.id) ?? []) {
      if (stillPointsTo(cache, keyFile, entry.id)) remove(() => removeKeyFile(cache, keyFile));
    }
  }
  const { leftOvers } = contents;
  for (const { name } of leftOvers.keyFiles) remove(() => removeKeyFile(cache, name));
  const needlessManifests = plan.removedObjects.flatMap(
    (index) => contents.manifests[index - contents.firstManifest] ?? [],
  );
  for (const digest of [...needlessManifests, ...leftOvers.manifests]) {
    remove(() => removeManifestFile(cache, digest));
  }
  // Contents of packs are behind the objects, and go with their packs.
  const objects = plan.removedObjects.flatMap((index) => contents.objects[index] ?? []);
  progress.begin({ name: "removing", noun: "objects", unit: "files", files: objects.length });
  for (const { name } of objects) {
    remove(() => unlinkSync(fsPath(objectPath(cache.objects, name))));
    progress.add({ files: 1 });
  }
  for (const name of packPlan.removed) deletePack(cache, session, name);
  for (const dead of leftOvers.sessions) removeSession(dead);
  for (const path of leftOvers.editedPaths.stale) remove(() => forgetEditedPath(cache, path));
  for (const path of leftOvers.editedPaths.confirmed) confirmEditedPath(cache, path);
  for (const count of leftOvers.oldCounts) remove(() => foldCount(cache, count));
}

/** Where the file system has no locks, a store may have given the key to another entry since the plan was made. */
function stillPointsTo(cache: CacheDirectory, keyFileName: string, entryId: string): boolean {
  const keyFile = readKeyFile(cache, keyFileName);
  return keyFile !== undefined && entryIdOf(decodeKeyFile(keyFile.bytes, keyFileName)) === entryId;
}

/** What is gone already needs no removing. */
function remove(unlink: () => void): void {
  try {
    unlink();
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
}
