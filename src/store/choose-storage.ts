import { constants, copyFileSync } from "node:fs";
import { type ByteString, fsPath, joinBytes } from "../base/byte-string.ts";
import { errnoOf } from "../fs/errno.ts";
import { findLinkObstacle, type LinkObstacle, tryOneLink } from "../fs/link-obstacle.ts";
import { lstat } from "../fs/native/file-status.ts";
import { readMountId } from "../fs/native/mount-id.ts";
import { discardTree } from "../fs/remove-tree.ts";
import { listDirectory } from "../read/list-directory.ts";
import type { StoreRequest } from "./request.ts";

export interface ChosenStorage {
  readonly isPacked: boolean;
  /** Why nothing of the source can be linked; undefined if it can, or is not wanted. */
  readonly obstacle: LinkObstacle | undefined;
}

/** Where links are tried: a directory of this process in the cache. */
export interface TrialPlace {
  /** A file in it. */
  readonly lockFile: ByteString;
  /** An unused path in it. */
  temporaryPath(): ByteString;
}

/** Objects are for what can be shared by hard links or reflinks; everything else is smaller and faster in packs. */
export function chooseStorage(
  {
    cache,
    storage,
    linkMode,
  }: Pick<StoreRequest, "storage" | "linkMode"> & { readonly cache: { readonly root: ByteString } },
  source: ByteString,
  place: TrialPlace,
): ChosenStorage {
  if (storage === "packs") return { isPacked: true, obstacle: undefined };
  const obstacle =
    findLinkObstacle(source, cache.root) ??
    tryOneLink(place.lockFile, place.temporaryPath()) ??
    trySource(source, place);
  const mayReflink = linkMode === "auto" || linkMode === "reflink";
  if (obstacle === undefined || (mayReflink && canReflink(source, place))) {
    return { isPacked: false, obstacle: undefined };
  }
  return { isPacked: storage === "auto", obstacle };
}

/**
 * Where the system does not tell mounts apart, trying to link a file does. If another user's file cannot be linked, that
 * says nothing about the rest.
 */
function trySource(source: ByteString, place: TrialPlace): LinkObstacle | undefined {
  if (readMountId(source) !== undefined) return undefined;
  try {
    const file = findContent(source);
    const obstacle = file === undefined ? undefined : tryOneLink(file, place.temporaryPath());
    return obstacle === "another mount of the same volume" ? obstacle : undefined;
  } catch (error) {
    // Reading the tree will fail for the same reason.
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/** Some file systems reflink between subvolumes or mounts, where they do not link. */
function canReflink(source: ByteString, place: TrialPlace): boolean {
  const temporary = place.temporaryPath();
  try {
    const file = findContent(source);
    if (file === undefined) return false;
    const mode = constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL;
    copyFileSync(fsPath(file), fsPath(temporary), mode);
    return true;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  } finally {
    discardTree(temporary);
  }
}

/** One try must not take longer than the store. */
const MOST_DIRECTORIES = 1000;

/** Any file that is not empty. @throws a `node:fs` error */
function findContent(source: ByteString): ByteString | undefined {
  if (lstat(source)?.kind === "file") return source;
  const directories = [source];
  for (let count = 0; count < MOST_DIRECTORIES; count++) {
    const directory = directories.pop();
    if (directory === undefined) return undefined;
    const listing = listDirectory(directory, (path) => lstat(path)?.kind ?? "other");
    for (const [position, name] of listing.names.entries()) {
      const path = joinBytes(directory, name);
      const kind = listing.kindAt(position);
      if (kind === "directory") directories.push(path);
      if (kind === "file" && (lstat(path)?.sizeBytes ?? 0) > 0) return path;
    }
  }
  return undefined;
}
