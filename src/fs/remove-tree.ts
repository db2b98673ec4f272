import { chmodSync, readdirSync, rmSync } from "node:fs";
import { type ByteString, bytesFromBuffer, fsPath, joinBytes } from "../base/byte-string.ts";
import { errnoOf, isPermissionErrno } from "./errno.ts";
import { lstat } from "./native/file-status.ts";

const OWNER_ALL = 0o700;

/**
 * Removes a file, or a directory with all that is in it, directories that their owner may not write among them: trees have
 * such ones (Go's module cache, for one). What does not exist is removed already.
 * @throws a `node:fs` error
 */
export function removeTree(path: ByteString): void {
  try {
    rmSync(fsPath(path), { recursive: true, force: true });
  } catch (error) {
    if (!isPermissionErrno(errnoOf(error))) throw error;
    openDirectories(path);
    rmSync(fsPath(path), { recursive: true, force: true });
  }
}

/**
 * For leftovers of work that is done or has failed already: what becomes of them must not hide that. Whoever works there
 * next will remove them.
 */
export function removeTreeQuietly(path: ByteString): void {
  try {
    removeTree(path);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

function openDirectories(path: ByteString): void {
  if (lstat(path)?.kind !== "directory") return;
  openDirectory(path);
  for (const name of readdirSync(fsPath(path), { encoding: "buffer" })) {
    openDirectories(joinBytes(path, bytesFromBuffer(name)));
  }
}

/** Lets the owner of a directory do in it what root could; another user's stays as it is. @throws a `node:fs` error */
export function openDirectory(path: ByteString): void {
  const status = lstat(path);
  if (status?.kind !== "directory" || (status.mode & OWNER_ALL) === OWNER_ALL) return;
  try {
    chmodSync(fsPath(path), status.mode | OWNER_ALL);
  } catch (error) {
    if (!isPermissionErrno(errnoOf(error))) throw error;
  }
}
