import { type ByteString, display, joinBytes } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { errnoOf, ignoringErrno, isPermissionErrno } from "./errno.ts";
import { emptyStatus, type FileStatus, fstat, isSameFile, lstat } from "./native/file-status.ts";
import { listNames } from "./native/list-names.ts";
import { chmod, rmdir, unlink } from "./native/path-calls.ts";
import { closeQuickly } from "./native/quick-file.ts";
import { pathOfPinned, pinDirectory } from "./pin-directory.ts";

const OWNER_ALL = 0o700;
/** Each level holds a descriptor; below this depth, paths are relative to the last one. */
const MOST_DESCRIPTORS = 64;

/**
 * Removes a file, or a directory with everything in it, even directories without write permission (as in Go's module
 * cache). What does not exist counts as removed.
 *
 * Each name is tried once, so that it ends even if removing a file makes another one appear (`.fuse_hidden…`,
 * `.nfs…`); a failure does not keep the rest from being removed. Directories are reached by descriptor, so one that
 * is replaced by a symlink in the meantime leads nowhere.
 * @param spared a directory that is neither entered nor removed, by whatever mount it is reached
 * @throws the first `node:fs` error; BtdtError SYSTEM if `spared` was found
 */
export function removeTree(path: ByteString, spared?: FileStatus): void {
  removeNode(path, 0, { spared, isOverdue: NEVER });
}

/**
 * For what is left of work that has already succeeded or failed: a failure here must not hide that. The next sweep
 * removes it.
 */
export function discardTree(path: ByteString): void {
  ignoringErrno(() => removeTree(path));
}

/**
 * Removes everything in a directory, but not the directory itself.
 * @param except a name to keep
 * @param isOverdue asked before each file: true to stop
 * @returns false if it was stopped
 * @throws the first `node:fs` error; ENOTDIR also for a symlink to a directory
 */
export function removeContents(
  directory: ByteString,
  except?: ByteString,
  isOverdue: () => boolean = NEVER,
): boolean {
  try {
    emptyDirectory(directory, 0, { except, isOverdue });
    return true;
  } catch (error) {
    if (error !== STOPPED) throw error;
    return false;
  }
}

interface Limits {
  readonly spared?: FileStatus | undefined;
  /** A name to keep in the outermost directory. */
  readonly except?: ByteString | undefined;
  readonly isOverdue: () => boolean;
}

const NEVER = (): boolean => false;

/** Thrown to stop at once. */
const STOPPED = new Error("stopped");

function removeNode(path: ByteString, depth: number, limits: Limits): void {
  try {
    unlink(path);
    return;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT") return;
    // A directory: EISDIR on Linux, EPERM elsewhere.
    if (errno !== "EISDIR" && errno !== "EPERM") throw error;
    const found = lstat(path);
    if (found === undefined) return;
    if (found.kind !== "directory") throw error;
  }
  try {
    emptyDirectory(path, depth, limits);
    rmdir(path);
  } catch (error) {
    // Another process may be removing the same.
    if (errnoOf(error) !== "ENOENT" || lstat(path) !== undefined) throw error;
  }
}

function emptyDirectory(path: ByteString, depth: number, limits: Limits): void {
  const { spared, except, isOverdue } = limits;
  const descriptor = depth < MOST_DESCRIPTORS ? pinDirectory(path) : undefined;
  try {
    const directory = descriptor === undefined ? path : pathOfPinned(descriptor);
    if (spared !== undefined) assertNotSpared(path, descriptor, spared);
    addOwnerMode(directory, descriptor);
    let failure: { readonly error: unknown } | undefined;
    for (const child of listNames(directory)) {
      if (child === except && depth === 0) continue;
      if (isOverdue()) throw STOPPED;
      try {
        removeNode(joinBytes(directory, child), depth + 1, limits);
      } catch (error) {
        if (error === STOPPED) throw error;
        failure ??= { error };
      }
    }
    if (failure !== undefined) throw failure.error;
  } finally {
    if (descriptor !== undefined) closeQuickly(descriptor);
  }
}

function assertNotSpared(path: ByteString, descriptor: number | undefined, spared: FileStatus): void {
  if (descriptor !== undefined) fstat(descriptor, status);
  const found = descriptor === undefined ? lstat(path) : status;
  if (found === undefined || !isSameFile(found, spared)) return;
  throw new BtdtError("SYSTEM", `${display(path)} must not be deleted`, { path: display(path) });
}

/** Gives the owner of a directory all permissions; another user's is left as it is. @throws a `node:fs` error */
export function grantOwnerAccess(path: ByteString): void {
  if (lstat(path)?.kind === "directory") addOwnerMode(path, undefined);
}

const status = emptyStatus();

function addOwnerMode(directory: ByteString, descriptor: number | undefined): void {
  if (descriptor !== undefined) fstat(descriptor, status);
  const mode = descriptor === undefined ? (lstat(directory)?.mode ?? OWNER_ALL) : status.mode;
  if ((mode & OWNER_ALL) === OWNER_ALL) return;
  try {
    chmod(directory, mode | OWNER_ALL);
  } catch (error) {
    if (!isPermissionErrno(errnoOf(error))) throw error;
  }
}
