import { display, joinBytes } from "../base/byte-string.ts";
import { isBtdtError } from "../base/errors.ts";
import { formatNumber } from "../base/format-number.ts";
import { withSharedLock } from "../cache/cache-lock.ts";
import { rememberEditedPaths } from "../cache/edited-paths.ts";
import { describeErrno, errnoOf, isPermissionErrno } from "../fs/errno.ts";
import { markDamagedBlock } from "../packs/contents/pack-directory.ts";
import { Sharing } from "../sharing/classify-files.ts";
import type { Runtime } from "../work/runtime.ts";
import type { Damage } from "./damage.ts";
import { type BadObject, dropBadObjectsJob } from "./drop-bad-objects.ts";
import type { Target } from "./target.ts";

/** A sentence for the user about a tree with damage. */
export function describeDamage({ manifest, name }: Target, { files }: Damage): string {
  const [first] = files;
  if (first === undefined) throw new RangeError("no file is damaged");
  const path = manifest.filePath(first.file);
  const file = display(path === "" ? name : joinBytes(name, path)) || "the file";
  const [named, were, they, contents, are] =
    files.length === 1
      ? [file, "was", "it", "the content of", "is"]
      : [`${file} and ${describeOthers(files.length - 1)}`, "were", "they", "the contents of", "are"];
  switch (first.problem) {
    case "edited":
      return `${named} ${were} changed through a hard link; ${they} will be copied from now on`;
    case "lost":
      return `${named} lost data in a power cut`;
    case "missing":
      return `${contents} ${named} ${are} missing`;
    case "damaged":
      return `${contents} ${named} ${are} damaged`;
    case "damaged-in-pack":
      return `${contents} ${named} ${are} damaged in ${files.length === 1 ? "its pack" : "their packs"}`;
    case "unreadable":
      return `${contents} ${named} cannot be read${first.errno === undefined ? "" : `: ${describeErrno(first.errno)}`}`;
  }
}

function describeOthers(count: number): string {
  return count === 1 ? "one other file" : `${formatNumber(count)} other files`;
}

/**
 * Records damage in the cache, so that nobody relies on it again. Edited and damaged objects are dropped, so that the
 * next store creates good ones; the paths of edited ones are remembered, so that they are not linked again. Damaged
 * blocks are marked. In a cache that is opened read-only, all of it stays.
 * @throws BtdtError CANCELLED
 */
export async function noteDamage(
  target: Target,
  damage: Damage,
  { runners, isCancelled, onWarning }: Pick<Runtime, "runners" | "isCancelled" | "onWarning">,
): Promise<void> {
  const { cache, manifest, links, session, remote } = target;
  if (cache.isReadOnly) return;
  const bad: Omit<BadObject, "aside">[] = [];
  try {
    rememberEdits(
      target,
      damage.files.filter(({ problem }) => problem === "edited"),
    );
    for (const { file, problem } of damage.files) {
      if (problem === "edited") links.sharing[file] = Sharing.OWN;
      if (problem === "edited" || problem === "lost" || problem === "damaged") {
        bad.push({ file, problem });
      }
    }
    if (bad.length > 0 && session === undefined) {
      onWarning("could not remove damaged contents from the cache: it cannot be written to");
    }
    if (bad.length > 0 && session !== undefined) {
      const input = {
        payload: manifest.payload,
        objects: links.objects,
        bad: bad.map(({ file, problem }) => ({ file, problem, aside: session.temporaryPath() })),
      };
      await withSharedLock(cache, isCancelled, () => runners.inline.run(dropBadObjectsJob, input));
    }
    for (const { pack, block } of damage.blocks) {
      if (remote?.packs.some(({ name }) => name === pack) === true)
        await remote.noteDamagedBlock(pack, block);
      else markDamagedBlock(cache, pack, block);
    }
  } catch (error) {
    if (isBtdtError(error, "CACHE_WRITE_FAILED")) {
      onWarning(error.message);
      return;
    }
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    // A clean has removed the pack: there is nothing left to record.
    if (errno === "ENOENT") return;
    const why = isPermissionErrno(errno) ? "the cache is read-only" : describeErrno(errno);
    onWarning(`could not remove damaged contents from the cache: ${why}`);
  }
}

/** Files that are edited in place, although the cache still had their contents: they are copied from now on. */
export function noteEditedFiles(
  target: Target,
  files: readonly number[],
  onWarning: (warning: string) => void,
): void {
  try {
    rememberEdits(
      target,
      files.map((file) => ({ file })),
    );
  } catch (error) {
    // They only avoid misses.
    if (errnoOf(error) === undefined) throw error;
  }
  const problem = "edited" as const;
  onWarning(describeDamage(target, { files: files.map((file) => ({ file, problem })), blocks: [] }));
}

/** In a read-only cache, nothing is remembered. @throws a `node:fs` error */
function rememberEdits(
  { cache, session, recordedPath, manifest }: Target,
  files: readonly { readonly file: number }[],
): void {
  if (session === undefined || files.length === 0) return;
  const paths = files.map(({ file }) => manifest.filePath(file));
  rememberEditedPaths(cache, session, recordedPath, paths);
}
