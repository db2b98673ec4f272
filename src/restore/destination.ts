import {
  type ByteString,
  bytesFromBuffer,
  display,
  fsPath,
  joinBytes,
  parentOf,
} from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { simplifyPath } from "../base/simplify-path.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";
import { isOwn } from "../fs/is-own.ts";
import { mayAccess } from "../fs/may-access.ts";
import { type FileStatus, isSameFile, lstat } from "../fs/native/file-status.ts";
import { listNames } from "../fs/native/list-names.ts";
import { nodeFs } from "../fs/node-fs.ts";
import { resolvePath } from "../fs/resolve-path.ts";

/** What a restore finds at a destination. `path` is free of symlinks. */
export type Destination =
  | NewDestination
  /** A directory that must not be replaced: it is not empty, another user's, a mount point, or the working directory. */
  | { readonly kind: "directory"; readonly path: ByteString };

/** A path that a tree or a file can take by one rename. */
export type NewDestination =
  /** Nothing, or an empty directory that can be replaced as a whole. */
  | {
      readonly kind: "free";
      readonly path: ByteString;
      /** The nearest directory above it that exists. */
      readonly parent: ByteString;
      /** Directories between the two that must be created, outermost first. */
      readonly missingParents: readonly ByteString[];
    }
  | { readonly kind: "file"; readonly path: ByteString; readonly parent: ByteString };

/**
 * Examines a destination without changing anything. The destination itself may be a symlink to a directory, as the
 * user chose it; no symlink below it is followed.
 * @param parents whether its parent directory must exist
 * @throws BtdtError DESTINATION_PARENT_MISSING, DESTINATION_CONFLICT, DESTINATION_INSIDE_CACHE,
 * DESTINATION_NOT_WRITABLE
 */
export function examineDestination(
  given: ByteString,
  cacheRoot: ByteString,
  parents: "existing" | "made" = "existing",
): Destination {
  try {
    const destination = classify(given, parents);
    if (isInside(destination, lstat(cacheRoot))) {
      throw new BtdtError("DESTINATION_INSIDE_CACHE", `${display(given)} is part of the cache itself`, {
        path: display(given),
        hint: "restore to a directory outside the cache",
      });
    }
    return destination;
  } catch (error) {
    throw destinationError(given, error);
  }
}

/** By device and inode: the cache may be mounted at a second place. */
function isInside(destination: Destination, cacheRoot: FileStatus | undefined): boolean {
  if (cacheRoot === undefined) return false;
  for (let { path } = destination; ; path = parentOf(path)) {
    const status = lstat(path);
    if (status !== undefined && isSameFile(status, cacheRoot)) return true;
    if (path === "/") return false;
  }
}

function classify(given: ByteString, parents: "existing" | "made"): Destination {
  const trimmed = withoutTrailingSlashes(given);
  if (lstat(trimmed) === undefined) return newPlace(trimmed, parents);
  const path = resolveSymlink(trimmed, given);
  const parent = parentOf(path);
  const status = lstat(path);
  switch (status?.kind) {
    case "directory":
      break;
    case "file":
      return { kind: "file", path, parent };
    default:
      throw new BtdtError("DESTINATION_CONFLICT", `${display(given)} is neither a directory nor a file`, {
        path: display(given),
      });
  }
  const isEmpty = listNames(path).length === 0;
  const isMountPoint = status.isMountPoint || lstat(parent)?.device !== status.device || path === "/";
  const isWorkingDirectory = path === resolvePath("." as ByteString);
  return isEmpty && !isMountPoint && !isWorkingDirectory && isOwn(status) && mayAccess(parent, "write")
    ? { kind: "free", path, parent, missingParents: [] }
    : { kind: "directory", path };
}

function resolveSymlink(path: ByteString, given: ByteString): ByteString {
  try {
    return resolvePath(path);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT" || lstat(path)?.kind !== "symlink") throw error;
    const target = display(bytesFromBuffer(nodeFs().readlinkSync(fsPath(path), { encoding: "buffer" })));
    throw new BtdtError(
      "DESTINATION_CONFLICT",
      `${display(given)} is a symlink to ${target}, which does not exist`,
      { path: display(given), hint: "make that directory, or remove the symlink" },
    );
  }
}

function newPlace(path: ByteString, parents: "existing" | "made"): Destination {
  const missing: ByteString[] = [];
  // Nobody knows where ".." leads while what precedes it does not exist.
  const mayBeMade = parents === "made" && !path.split("/").includes("..");
  let existing = mayBeMade ? (simplifyPath(path) as ByteString) : path;
  for (let isMissing = true; isMissing; isMissing = mayBeMade && lstat(existing) === undefined) {
    missing.push(existing.slice(existing.lastIndexOf("/") + 1) as ByteString);
    existing = parentOf(existing);
  }
  const parent = resolveParent(existing, path);
  const missingParents: ByteString[] = [];
  let below = parent;
  for (const name of missing.toReversed()) {
    below = joinBytes(below, name);
    missingParents.push(below);
  }
  missingParents.pop();
  return { kind: "free", path: below, parent, missingParents };
}

function resolveParent(parent: ByteString, path: ByteString): ByteString {
  try {
    const resolved = resolvePath(parent);
    if (lstat(resolved)?.kind === "directory") return resolved;
  } catch (error) {
    if (errnoOf(error) !== "ENOENT" && errnoOf(error) !== "ENOTDIR") throw error;
  }
  throw new BtdtError(
    "DESTINATION_PARENT_MISSING",
    `cannot restore to ${display(path)}: the directory ${display(parent)} does not exist`,
    {
      path: display(parent),
      hint: `mkdir -p ${display(parent)}`,
    },
  );
}

function withoutTrailingSlashes(path: ByteString): ByteString {
  let end = path.length;
  while (end > 1 && path.charAt(end - 1) === "/") end--;
  return path.slice(0, end) as ByteString;
}

/** For any failure to write below a destination. */
export function destinationError(path: ByteString, error: unknown): BtdtError {
  if (error instanceof BtdtError) return error;
  return new BtdtError("DESTINATION_NOT_WRITABLE", `cannot restore to ${display(path)}: ${reasonOf(error)}`, {
    path: display(path),
    cause: error,
  });
}
