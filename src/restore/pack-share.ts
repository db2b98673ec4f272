import { type ByteString, parentOf } from "../base/byte-string.ts";
import { lstat } from "../fs/native/file-status.ts";
import { type ContentSources, hasAllContents } from "../packs/unpack/content-sources.ts";
import { findPackedFiles } from "../packs/unpack/find-packed-files.ts";
import { planUnpack, type UnpackPlan } from "../packs/unpack/unpack-plan.ts";
import { unpackTree } from "../packs/unpack/unpack-tree.ts";
import type { Runtime } from "../work/runtime.ts";
import type { Damage } from "./damage.ts";
import { mayMakeObjects } from "./may-make-objects.ts";
import type { BuildRuntime, Site, Target } from "./target.ts";

/** The files of a tree that come from packs. */
export interface PackShare {
  readonly sources: ContentSources;
  readonly plan: UnpackPlan;
  /** Nothing of the tree comes from objects. */
  readonly isComplete: boolean;
}

/**
 * Finds out which files come from packs and how to read them; undefined if none do.
 * @param distrusted files whose objects are known to be useless
 * @throws BtdtError CACHE_FORMAT_NEWER; a `node:fs` error
 */
export function planPackShare(
  { cache, manifest, remote }: Target,
  { unchanged }: Site,
  distrusted: ReadonlySet<number>,
  { onWarning }: Runtime,
): PackShare | undefined {
  const packed = findPackedFiles(cache, manifest, distrusted, onWarning, remote?.packs);
  if (packed === undefined) return undefined;
  const { sources } = packed;
  const isComplete = hasAllContents(manifest, sources);
  return { sources, plan: planUnpack(manifest, packed, unchanged?.files), isComplete };
}

/**
 * @param damageFlag see `LinkFilesInput`
 * @throws BtdtError, CANCELLED among them; a `node:fs` error: the destination cannot be written
 */
export async function unpackShare(
  target: Target,
  site: Site,
  { plan }: PackShare,
  damageFlag: Int32Array,
  { siteRunners, umask }: BuildRuntime,
): Promise<{ readonly fileCount: number; readonly damage: Damage }> {
  const { cache, manifest, links, remote } = target;
  const isAdopted = mayAdopt(target, site.path) && mayMakeObjects(target);
  const { sharing } = links;
  const unpacked = await unpackTree(
    plan,
    { cache, manifest, staging: site.path, umask, isAdopted, sharing, damageFlag, remote },
    siteRunners,
  );
  const files = unpacked.problems.map(({ file, problem }) => {
    switch (problem.kind) {
      case "gone":
        return { file, problem: "missing" as const };
      case "damaged":
        return { file, problem: "damaged-in-pack" as const };
      case "unreadable":
        return { file, problem: problem.kind, errno: problem.errno };
    }
  });
  return { fileCount: unpacked.fileCount, damage: { files, blocks: unpacked.damagedBlocks } };
}

/** Package contents unpacked on the cache's file system become objects, so that the next restore links them. */
export function mayAdopt({ links }: Target, site: ByteString): boolean {
  if (links.temporary === undefined || links.mode === "copy" || links.mode === "reflink") return false;
  const here = lstat(site) ?? lstat(parentOf(site));
  return here !== undefined && here.device === lstat(links.objects)?.device;
}
