import { renameSync } from "node:fs";
import { type ByteString, bytesFromText, fsPath, joinBytes } from "../../base/byte-string.ts";
import { isDigestHex } from "../../base/digest.ts";
import type { CacheDirectory } from "../../cache/cache-directory.ts";
import type { Session } from "../../cache/session.ts";
import { assertNotSymlink } from "../../fs/assert-not-symlink.ts";
import { errnoOf } from "../../fs/errno.ts";
import { namesIn } from "../../fs/names-in.ts";
import { lstat } from "../../fs/native/file-status.ts";
import { syncDirectory } from "../../fs/publish-file.ts";
import { writeNewFile } from "../../fs/regular-file.ts";
import { removeTree } from "../../fs/remove-tree.ts";

/**
 * A pack is a directory, named by the SHA-256 of its index file, with two immutable files: so it appears and
 * disappears in one step. Empty files next to them mark blocks that were found damaged.
 */
export const PACK_FILE_NAME = "pack" as ByteString;
export const INDEX_FILE_NAME = "index" as ByteString;
const DAMAGE_MARK = /^damaged-(0|[1-9]\d{0,8})$/;

/** The names of a cache's packs, sorted, ignoring foreign files. @throws a `node:fs` error */
export function listPacks(cache: CacheDirectory): string[] {
  return namesIn(cache.packs).filter(isDigestHex).toSorted();
}

export function packDirectory(cache: CacheDirectory, name: string): ByteString {
  return joinBytes(cache.packs, bytesFromText(name));
}

export function packFilePath(cache: CacheDirectory, name: string): ByteString {
  return joinBytes(packDirectory(cache, name), PACK_FILE_NAME);
}

export function indexFilePath(cache: CacheDirectory, name: string): ByteString {
  return joinBytes(packDirectory(cache, name), INDEX_FILE_NAME);
}

/** Gives a finished pack its name. @throws a `node:fs` error */
export function publishPack(cache: CacheDirectory, finished: ByteString, name: string): void {
  cache.makeDirectory(cache.packs);
  renameSync(fsPath(finished), fsPath(packDirectory(cache, name)));
  syncDirectory(cache.packs);
}

/**
 * Moves it to the session's directory first, so that a pack is either complete or gone. Without a session, one that is
 * half deleted counts as damaged, which the next clean deletes.
 * @throws a `node:fs` error
 */
export function deletePack(cache: CacheDirectory, session: Session | undefined, name: string): void {
  if (session === undefined) return removeTree(packDirectory(cache, name));
  const grave = session.temporaryPath();
  try {
    renameSync(fsPath(packDirectory(cache, name)), fsPath(grave));
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
    return;
  }
  removeTree(grave);
}

/**
 * From now on, nobody relies on the contents of the block, so the next store packs them again. Does nothing if a clean
 * has deleted the pack. @throws a `node:fs` error
 */
export function markDamagedBlock(cache: CacheDirectory, name: string, block: number): void {
  const directory = packDirectory(cache, name);
  assertNotSymlink(directory);
  try {
    writeNewFile(joinBytes(directory, bytesFromText(`damaged-${block}`)), new Uint8Array(0));
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== "EEXIST" && (errno !== "ENOENT" || lstat(directory) !== undefined)) throw error;
  }
}

/** The block that a file in a pack's directory marks as damaged; undefined for any other file. */
export function damagedBlockOf(fileName: string): number | undefined {
  const block = DAMAGE_MARK.exec(fileName)?.[1];
  return block === undefined ? undefined : Number(block);
}
