import type { CacheDirectory } from "../cache/cache-directory.ts";
import { readEditedPaths, rememberEditedPath } from "../cache/edited-paths.ts";
import type { Session } from "../cache/session.ts";
import { errnoOf, isPermissionErrno } from "../fs/errno.ts";
import { lstat } from "../fs/native/file-status.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { markEditedPaths } from "../manifest/mark-edited-paths.ts";
import { removeChangedObject } from "../objects/remove-changed-object.ts";
import { markDamagedBlock } from "../packs/contents/pack-directory.ts";
import { findPackedFiles, looksLinkable, type PackedFiles } from "../packs/unpack/find-packed-files.ts";
import type { Runtime } from "../work/runtime.ts";
import { type Destination, destinationError } from "./destination.ts";
import { type PreparedTree, prepareTree } from "./place-tree.ts";
import type { RestoreRequest } from "./request.ts";

/**
 * Prepares a destination to hold a tree of an entry: from objects, and from packs where there are none. Whatever turns out to be
 * damaged is noted in the cache, so that nobody counts on it again.
 * @throws BtdtError
 */
export async function prepareEntryTree(
  request: RestoreRequest,
  { manifest, destination }: { readonly manifest: Manifest; readonly destination: Destination },
  session: Session | undefined,
  runtime: Runtime,
): Promise<PreparedTree> {
  const { cache } = request;
  const attempt = async (openPacks: (() => PackedFiles | undefined) | undefined): Promise<PreparedTree> => {
    const prepared = await prepareTree(
      {
        manifest,
        destination,
        cache,
        objects: cache.objects,
        cacheRoot: cache.rootStatus(),
        temporary: session?.directory,
        linkMode: request.linkMode,
        ownInode: markEditedPaths(manifest, readEditedPaths(cache)),
        exact: request.exact,
        openPacks,
        umask: runtime.umask,
        isCancelled: runtime.isCancelled,
        onPhase: (name, files, bytes) => {
          const isCopied =
            openPacks !== undefined || request.linkMode === "copy" || !isLinkedFrom(cache, destination);
          const size =
            isCopied && name === "restoring"
              ? { unit: "bytes" as const, bytes: bytes() }
              : { unit: "files" as const };
          runtime.progress.begin({ name, files, ...size });
        },
      },
      runtime.runners,
    );
    if (!runtime.isCancelled()) noteDamage(cache, manifest, prepared, runtime);
    return prepared;
  };
  try {
    if (!looksLinkable(cache, manifest))
      return await attempt(() => findPackedFiles(cache, manifest, new Set(), runtime.onWarning));
    const linked = await attempt(undefined);
    if (linked.damaged.length === 0) return linked;
    linked.close();
    const distrusted = new Set(linked.damaged.map(({ file }) => file));
    const packed = findPackedFiles(cache, manifest, distrusted, runtime.onWarning);
    return packed === undefined ? linked : await attempt(() => packed);
  } catch (error) {
    throw destinationError(destination.path, error);
  }
}

/** Otherwise contents have to be copied, which takes the longer the more of them there are. */
function isLinkedFrom(cache: CacheDirectory, destination: Destination): boolean {
  const place = destination.kind === "directory" ? destination.path : destination.parent;
  return lstat(place)?.device === cache.rootStatus()?.device;
}

/**
 * Objects that were edited through a link are dropped, so that the next store makes good ones, and their paths are
 * remembered, so that they are not linked again. Damaged blocks are marked.
 */
function noteDamage(
  cache: CacheDirectory,
  manifest: Manifest,
  prepared: PreparedTree,
  runtime: Runtime,
): void {
  try {
    for (const { file, problem } of prepared.damaged) {
      if (problem !== "changed") continue;
      rememberEditedPath(cache, manifest.filePath(file));
      removeChangedObject(cache.objects, manifest, file);
    }
    for (const { pack, block } of prepared.damagedBlocks) {
      markDamagedBlock(cache, pack, block);
    }
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    // A clean has removed the pack: there is nothing left to note.
    if (errno === "ENOENT") return;
    const why = isPermissionErrno(errno) ? "the cache is read-only" : errno;
    runtime.onWarning(`could not remove damaged contents from the cache: ${why}`);
  }
}
