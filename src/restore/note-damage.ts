import { display, joinBytes } from "../base/byte-string.ts";
import { isBtdtError } from "../base/errors.ts";
import { formatNumber } from "../base/format-number.ts";
import { withSharedLock } from "../cache/cache-lock.ts";
import { rememberEditedPaths } from "../cache/edited-paths.ts";
import type { Session } from "../cache/session.ts";
import { describeErrno, errnoOf, isPermissionErrno } from "../fs/errno.ts";
import { PathBuffer } from "../fs/native/path-buffer.ts";
import { checkObject } from "../objects/check-objects.ts";
import { dropUnlessGood } from "../objects/drop-unless-good.ts";
import { examineObject } from "../objects/examine-object.ts";
import { lendReadAccess } from "../objects/lend-read-access.ts";
import { objectAttributes } from "../objects/object-attributes.ts";
import { nameObject } from "../objects/object-name.ts";
import { objectPath } from "../objects/object-path.ts";
import { markDamagedBlock } from "../packs/contents/pack-directory.ts";
import { Sharing } from "../sharing/classify-files.ts";
import type { Runtime } from "../work/runtime.ts";
import type { Damage } from "./damage.ts";
import type { Target } from "./target.ts";
import { verifyFile } from "./verify-file.ts";

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
 */
export async function noteDamage(
  target: Target,
  damage: Damage,
  { isCancelled, onWarning }: Pick<Runtime, "isCancelled" | "onWarning">,
): Promise<void> {
  const { cache, links, session, remote } = target;
  if (cache.isReadOnly) return;
  const bad: BadObject[] = [];
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
    // A clean that looked while a good object is set aside would take its entry for damaged.
    if (bad.length > 0 && session !== undefined) {
      await withSharedLock(cache, isCancelled, () => {
        for (const each of bad) dropBadObject(target, session, each);
      });
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

/** Work at hand is finished first. */
const NEVER_CANCELLED = { isCancelled: () => false };

interface BadObject {
  readonly file: number;
  readonly problem: "edited" | "lost" | "damaged";
}

function dropBadObject({ manifest, links }: Target, session: Session, { file, problem }: BadObject): void {
  for (const isExclusive of [false, true]) {
    const name = nameObject(manifest, file, isExclusive);
    const isGood = (path: PathBuffer): boolean => {
      switch (examineObject(path, manifest, file)) {
        case "whole":
          return problem === "edited" || verifyFile(path, manifest, file, NEVER_CANCELLED) === undefined;
        // The file's other object may be the one with the problem.
        case "altered":
          return checkObject(path, name, NEVER_CANCELLED) !== "damaged";
        default:
          return false;
      }
    };
    const object = new PathBuffer().set(objectPath(links.objects, name));
    const aside = new PathBuffer().set(session.temporaryPath());
    const { mode } = objectAttributes(manifest, file);
    lendReadAccess(object, mode, () => dropUnlessGood(object, aside, isGood));
  }
}
