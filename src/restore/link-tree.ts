import { directoryRanges, restOfRange } from "../manifest/directory-ranges.ts";
import { shareKnownShards } from "../objects/object-path.ts";
import { divideRest } from "../work/divide-rest.ts";
import type { Runner } from "../work/job.ts";
import { runAllResuming } from "../work/run-all.ts";
import type { Runtime } from "../work/runtime.ts";
import { cutLargeFiles } from "./large-files.ts";
import { linkFilesJob } from "./link-files.ts";
import type { LinkedFiles } from "./linked-files.ts";
import { mayMakeObjects } from "./may-make-objects.ts";
import type { MendedFiles } from "./mend-files.ts";
import type { PackShare } from "./pack-share.ts";
import { placeLargeFilesJob } from "./place-large-files.ts";
import type { BuiltTree } from "./prepared-tree.ts";
import type { Site, Target } from "./target.ts";
import type { TreeInput, UnbuiltFile } from "./tree-input.ts";

/**
 * Builds everything of a tree except what comes from packs.
 * @param damageFlag see `TreeInput`
 * @throws BtdtError, CANCELLED among others; a `node:fs` error
 */
export async function linkTree(
  target: Target,
  site: Site,
  share: PackShare | undefined,
  damageFlag: Int32Array,
  { runners, onWarning }: Runtime,
): Promise<BuiltTree> {
  const { manifest, links } = target;
  const ranges = directoryRanges(manifest, runners.pool);
  const largeFiles = cutLargeFiles(manifest, links.sharing, site);
  const runner = ranges.length + largeFiles.length > 2 ? runners.pool : runners.inline;
  const shared = {
    payload: manifest.payload,
    links,
    knownShards: shareKnownShards(links.objects),
    site,
    packed: share?.sources,
    areDirectoriesMade: share !== undefined && site.unchanged === undefined,
    damageFlag,
  };
  const placing = [
    runAllResuming(runner, placeLargeFilesJob, shared, largeFiles, restOfFiles),
    runAllResuming(runner, linkFilesJob, shared, ranges, restOfRange),
  ];
  // Both end before a failure of either is thrown: nothing may write into a tree that is being removed.
  await Promise.allSettled(placing);
  const parts: LinkedFiles[] = (await Promise.all(placing)).flat();
  const unbuilt = parts.flatMap((part) => part.unbuilt);
  if (unbuilt.length > 0) {
    const mended = await mendFiles(target, shared, unbuilt, runner);
    const editedFiles = mended.flatMap((part) => part.editedFiles);
    if (editedFiles.length > 0) {
      const { noteEditedFiles } = await import("./note-damage.ts");
      noteEditedFiles(target, editedFiles, onWarning);
    }
    parts.push(...mended);
  }
  return sumParts(parts);
}

async function mendFiles(
  target: Target,
  shared: TreeInput,
  files: readonly UnbuiltFile[],
  runner: Runner,
): Promise<MendedFiles[]> {
  const { mendFilesJob } = await import("./mend-files.ts");
  const links = mayMakeObjects(target) ? shared.links : { ...shared.links, temporary: undefined };
  const count = Math.ceil(files.length / (runner.parallelism * 2));
  const parts: { files: readonly UnbuiltFile[] }[] = [];
  for (let start = 0; start < files.length; start += count) {
    parts.push({ files: files.slice(start, start + count) });
  }
  return await runAllResuming(runner, mendFilesJob, { ...shared, links }, parts, restOfFiles);
}

/** What a job has left of a list. */
function restOfFiles<File>(
  { files }: { readonly files: readonly File[] },
  { doneCount }: { readonly doneCount: number },
): { readonly files: readonly File[] }[] {
  return divideRest(files, doneCount).map((rest) => ({ files: rest }));
}

function sumParts(parts: readonly LinkedFiles[]): BuiltTree {
  const fileCounts = { reflinked: 0, linked: 0, copied: 0, unpacked: 0 };
  let mendedCount = 0;
  for (const part of parts) {
    fileCounts.reflinked += part.fileCounts.reflinked;
    fileCounts.linked += part.fileCounts.linked;
    fileCounts.copied += part.fileCounts.copied;
    mendedCount += part.mendedCount;
  }
  return { fileCounts, mendedCount, damage: { files: parts.flatMap(({ damaged }) => damaged), blocks: [] } };
}
