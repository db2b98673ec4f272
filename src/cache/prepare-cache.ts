import { closeSync, constants } from "node:fs";
import { type ByteString, bytesFromText, joinBytes } from "../base/byte-string.ts";
import { applyToDirectory, applyToFile, complies } from "../fs/access-policy.ts";
import { isRoot } from "../fs/current-user.ts";
import { errnoOf, isPermissionErrno } from "../fs/errno.ts";
import { isOwn } from "../fs/is-own.ts";
import { namesIn } from "../fs/names-in.ts";
import { lstat } from "../fs/native/file-status.ts";
import { withPinned } from "../fs/pin-directory.ts";
import { publishDurably, writeDurably } from "../fs/publish-file.ts";
import { openRegularFile, statusOf } from "../fs/regular-file.ts";
import { discardTree } from "../fs/remove-tree.ts";
import { type CacheDirectory, FORMAT_LINE } from "./cache-directory.ts";
import { cacheWriteError } from "./cache-errors.ts";

/**
 * Creates the directories that a store needs and that do not exist yet, for all who may use the cache directory.
 * @throws BtdtError CACHE_WRITE_FAILED
 */
export function prepareCache(cache: CacheDirectory): void {
  try {
    if (cache.isPrepared()) return openUp(cache);
    const { upper, lower } = listDirectories(cache);
    for (const directory of upper) cache.makeDirectory(directory, true);
    for (const directory of lower) cache.makeDirectory(directory);
    // Last, so that its presence means that all the others exist; and in one step, because others may be reading
    // it, and a kill halfway must not leave an empty one.
    const unfinished = joinBytes(cache.sessions, bytesFromText(`format-${crypto.randomUUID()}.new`));
    try {
      writeDurably(unfinished, Buffer.from(FORMAT_LINE), cache.access);
      publishDurably(unfinished, cache.formatFile);
    } finally {
      discardTree(unfinished);
    }
  } catch (error) {
    throw cacheWriteError(cache, error);
  }
}

/** Directories in which nothing is replaced: in a sticky cache they are sticky. */
const UPPER_NAMES: ReadonlySet<string> = new Set(["manifests", "objects"]);

/**
 * A cache directory may have been given to a group later, or an older version may have created its contents for one
 * user only. A store by its owner or by root opens it to the others. Objects keep the modes in their names.
 *
 * Others may be able to replace what is in it, and root must not change anything elsewhere for them: each directory is
 * pinned before what is in it is looked at.
 */
function openUp(cache: CacheDirectory): void {
  const status = cache.rootStatus();
  if (status === undefined || complies(status, cache.access)) return;
  if (!isOwn(status) && !isRoot()) return;
  withPinned(cache.root, (root) => {
    // Someone who may not give anything to the group need not try it everywhere.
    const sessions = below(root, "sessions");
    openTree(cache, sessions);
    const opened = lstat(sessions);
    if (opened === undefined || !complies(opened, cache.access)) return;
    for (const name of namesIn(root)) {
      if (name === "sessions") continue;
      if (!UPPER_NAMES.has(name)) openTree(cache, below(root, name));
      else openContents(cache, below(root, name), name === "objects");
    }
    for (const name of UPPER_NAMES) {
      unlessForeign(() => applyToDirectory(below(root, name), cache.access, true));
    }
    // Last: until then, it shows that this is not finished.
    unlessForeign(() => applyToDirectory(cache.root, cache.access, true));
  });
}

function below(directory: ByteString, name: string): ByteString {
  return joinBytes(directory, bytesFromText(name));
}

/** @param isShard its files are objects */
function openTree(cache: CacheDirectory, path: ByteString, isShard = false): void {
  const kind = lstat(path)?.kind;
  if (kind === "file") return openFile(cache, path);
  if (kind !== "directory") return;
  unlessForeign(() => applyToDirectory(path, cache.access));
  if (!isShard) openContents(cache, path);
}

function openContents(cache: CacheDirectory, directory: ByteString, areShards = false): void {
  unlessForeign(() => {
    withPinned(directory, (pinned) => {
      for (const name of namesIn(pinned)) openTree(cache, below(pinned, name), areShards);
    });
  });
}

/** A manifest may also be a mark. Any other file with several names may be outside the cache, too, and is left alone. */
function openFile(cache: CacheDirectory, path: ByteString): void {
  unlessForeign(() => {
    const descriptor = openRegularFile(path, constants.O_RDONLY);
    try {
      const status = statusOf(descriptor);
      if (status.linkCount === 1) applyToFile(descriptor, cache.access);
    } finally {
      closeSync(descriptor);
    }
  });
}

const ELSEWHERE: ReadonlySet<string | undefined> = new Set(["ENOENT", "EFTYPE", "ENOTDIR", "ELOOP"]);

/** What is gone by now, or something else, is left alone. */
function unlessForeign(action: () => void): void {
  try {
    action();
  } catch (error) {
    const errno = errnoOf(error);
    if (!ELSEWHERE.has(errno) && !isPermissionErrno(errno)) throw error;
  }
}

/** Parents first. Entries come and go in the lower ones only. */
function listDirectories(cache: CacheDirectory): {
  readonly upper: readonly ByteString[];
  readonly lower: readonly ByteString[];
} {
  const { root, manifests, objects, keys, sessions, editedPaths, packs } = cache;
  return { upper: [root, manifests, objects], lower: [keys, sessions, editedPaths, packs] };
}
