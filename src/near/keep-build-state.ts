import { isBtdtError } from "../base/errors.ts";
import { timesOf } from "../objects/reuse-object-times.ts";
import { mayMakeObjects } from "../restore/may-make-objects.ts";
import { mayAdopt } from "../restore/pack-share.ts";
import type { Target } from "../restore/target.ts";
import { Sharing } from "../sharing/classify-files.ts";
import { keepAsObjects } from "../store/keep-as-objects.ts";
import type { Runtime } from "../work/runtime.ts";

/**
 * Makes objects of the build state in a tree that was unpacked, as a store of the tree would. Everything else became
 * objects while it was unpacked, or is in packs of the local cache.
 * @throws BtdtError CACHE_WRITE_FAILED, CANCELLED among others
 */
export async function keepBuildState(target: Target, runtime: Runtime): Promise<void> {
  const { cache, manifest, links, session, destination } = target;
  const { sharing } = links;
  if (session === undefined || !sharing.some((each) => each !== Sharing.SHARED)) return;
  if (!mayAdopt(target, destination.path) || !mayMakeObjects(target)) return;
  const unwanted = new Uint8Array(new SharedArrayBuffer(sharing.length));
  for (const [file, each] of sharing.entries()) unwanted[file] = each === Sharing.SHARED ? 1 : 0;
  try {
    const tree = {
      path: destination.path,
      manifest,
      sourceTimes: timesOf(manifest),
      sharing,
      attributed: undefined,
      suspects: links.suspects,
      unwanted,
    };
    await keepAsObjects({ cache, linkMode: links.mode }, tree, session, runtime);
  } catch (error) {
    // The tree is already in use.
    if (!isBtdtError(error, "SOURCE_CHANGED")) throw error;
  }
}
