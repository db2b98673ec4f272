import { lstat } from "../fs/native/file-status.ts";
import { at } from "../manifest/manifest.ts";
import type { Runtime } from "../work/runtime.ts";
import { isDamaged } from "./damage.ts";
import { linkTree } from "./link-tree.ts";
import type { BuiltTree } from "./prepared-tree.ts";
import type { BuildRuntime, Site, Target } from "./target.ts";

/**
 * Builds an entry's tree, or the part of it that is not up to date, in a staging directory. Directories do not have
 * their final attributes yet.
 * @param distrusted files whose objects are known to be useless; undefined to do without packs
 * @throws BtdtError, CANCELLED among others; a `node:fs` error
 */
export async function buildTree(
  target: Target,
  site: Site,
  distrusted: ReadonlySet<number> | undefined,
  runtime: BuildRuntime,
): Promise<BuiltTree> {
  const built = await buildFiles(target, site, distrusted, runtime);
  if (target.manifest.counts.linkCount === 0 || isDamaged(built.damage)) return built;
  const { linkNames } = await import("./link-names.ts");
  const { linked, copied } = await linkNames(target.manifest, site, runtime);
  const { fileCounts } = built;
  return {
    ...built,
    fileCounts: {
      ...fileCounts,
      linked: fileCounts.linked + linked,
      copied: fileCounts.copied + copied,
    },
  };
}

/** Each file under its first name. */
async function buildFiles(
  target: Target,
  site: Site,
  distrusted: ReadonlySet<number> | undefined,
  runtime: BuildRuntime,
): Promise<BuiltTree> {
  beginProgress(target, site, distrusted !== undefined, runtime);
  const damageFlag = new Int32Array(new SharedArrayBuffer(4));
  if (distrusted === undefined) return await linkTree(target, site, undefined, damageFlag, runtime);
  // Most of what follows is not needed for links, and takes longer to load than a small tree to restore.
  const [{ makeDirectories }, { planPackShare, unpackShare }] = await Promise.all([
    import("./make-directories.ts"),
    import("./pack-share.ts"),
  ]);
  // Threads create them while this one finds out what is in packs. For part of a tree, most may not be needed.
  const making =
    site.unchanged === undefined
      ? makeDirectories(target.manifest, site.path, runtime.siteRunners)
      : Promise.resolve();
  const planning = (async () => planPackShare(target, site, distrusted, runtime))();
  // Both end before a failure of either is thrown: nothing may write into a tree that is being removed.
  await Promise.allSettled([making, planning]);
  await making;
  const share = await planning;
  // If all contents are in packs, only symlinks and empty files remain.
  const runners = share?.isComplete === true ? runtime.siteRunners : runtime.runners;
  const linking = linkTree(target, site, share, damageFlag, { ...runtime, runners });
  if (share === undefined) return await linking;
  // For part of a tree, it creates the directories.
  if (site.unchanged !== undefined) await linking;
  const unpacking = unpackShare(target, site, share, damageFlag, runtime);
  await Promise.allSettled([linking, unpacking]);
  const [linked, unpacked] = [await linking, await unpacking];
  return {
    fileCounts: { ...linked.fileCounts, unpacked: unpacked.fileCount },
    mendedCount: linked.mendedCount,
    damage: {
      files: [...linked.damage.files, ...unpacked.damage.files],
      blocks: unpacked.damage.blocks,
    },
  };
}

function beginProgress(
  { cache, manifest, destination, links }: Target,
  { unchanged }: Site,
  mayUnpack: boolean,
  { progress }: Runtime,
): void {
  const parent = destination.kind === "directory" ? destination.path : destination.parent;
  const isRead =
    mayUnpack ||
    links.isVerified ||
    links.mode === "copy" ||
    lstat(parent)?.device !== cache.rootStatus()?.device;
  let files = 0;
  let bytes = 0;
  for (let file = 0; file < manifest.counts.fileCount; file++) {
    if (unchanged?.files[file] === 1) continue;
    files += 1;
    bytes += at(manifest.fileSizes, file);
  }
  // A link takes the same time for any size; a copy does not, nor does reading.
  progress.begin({ name: "restoring", files, ...(isRead ? { unit: "bytes", bytes } : { unit: "files" }) });
}
