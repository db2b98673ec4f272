import { display, joinBytes } from "../base/byte-string.ts";
import { rememberEditedPath } from "../cache/edited-paths.ts";
import { dropObject } from "../durability/drop-object.ts";
import { describeErrno, errnoOf, isPermissionErrno } from "../fs/errno.ts";
import { nameObject } from "../objects/object-name.ts";
import { removeChangedObject } from "../objects/remove-changed-object.ts";
import { markDamagedBlock } from "../packs/contents/pack-directory.ts";
import type { ObjectProblem } from "./place-object.ts";
import type { Target } from "./target.ts";

/** What keeps a tree from being restored, as found while building it. */
export interface Damage {
  readonly files: readonly DamagedFile[];
  readonly blocks: readonly DamagedBlock[];
}

interface DamagedFile {
  readonly file: number;
  readonly problem: ObjectProblem | "damaged-in-pack";
  /** Why it is unreadable, where that is known. */
  readonly errno?: string;
}

interface DamagedBlock {
  readonly pack: string;
  readonly block: number;
}

export function isDamaged({ files }: Damage): boolean {
  return files.length > 0;
}

/** A sentence for the user about a tree with damage. */
export function describeDamage({ manifest, name }: Target, { files }: Damage): string {
  const [first] = files;
  if (first === undefined) throw new RangeError("no file is damaged");
  const path = manifest.filePath(first.file);
  const named = display(path === "" ? name : joinBytes(name, path)) || "the file";
  const others = files.length > 1 ? ` and ${files.length - 1} more` : "";
  switch (first.problem) {
    case "edited":
      return `${named}${others} was changed through a hard link; it will be copied from now on`;
    case "lost":
      return `${named}${others} lost data in a power cut`;
    case "missing":
      return `the content of ${named}${others} is missing`;
    case "damaged-in-pack":
      return `the content of ${named}${others} is damaged in its pack`;
    case "unreadable":
      return `the content of ${named}${others} cannot be read${first.errno === undefined ? "" : `: ${describeErrno(first.errno)}`}`;
  }
}

/**
 * Notes damage in the cache, so that nobody counts on it again. Objects that were edited through a link are dropped, so that the next
 * store makes good ones, and their paths are remembered, so that they are not linked again. Damaged blocks are marked.
 */
export function noteDamage(
  { cache, manifest, links, session }: Target,
  damage: Damage,
  warn: (warning: string) => void,
): void {
  try {
    for (const { file, problem } of damage.files) {
      if (problem === "lost" && session !== undefined) {
        dropObject(cache, session, nameObject(manifest, file), { isCancelled: () => false });
      }
      if (problem !== "edited") continue;
      links.ownInode[file] = 1;
      rememberEditedPath(cache, manifest.filePath(file));
      removeChangedObject(cache.objects, manifest, file);
    }
    for (const { pack, block } of damage.blocks) markDamagedBlock(cache, pack, block);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    // A clean has removed the pack: there is nothing left to note.
    if (errno === "ENOENT") return;
    const why = isPermissionErrno(errno) ? "the cache is read-only" : errno;
    warn(`could not remove damaged contents from the cache: ${why}`);
  }
}
