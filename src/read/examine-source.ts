import { readlinkSync } from "node:fs";
import { type ByteString, bytesFromBuffer, display, fsPath, joinBytes } from "../base/byte-string.ts";
import { compileLightly } from "../base/compile-lightly.ts";
import { BtdtError, type ErrorCode } from "../base/errors.ts";
import { errnoOf, isResourceErrno, reasonOf } from "../fs/errno.ts";
import { type FileStatus, lstat } from "../fs/native/file-status.ts";
import { type DirectoryListing, listDirectory } from "./list-directory.ts";

export interface WalkedSymlink {
  readonly name: ByteString;
  readonly target: ByteString;
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
}

/** @throws BtdtError SOURCE_CHANGED, SOURCE_UNREADABLE, SYSTEM */
export function listChildren(directory: ByteString): DirectoryListing {
  try {
    return listDirectory(directory, (path) => lstatSource(path).kind);
  } catch (error) {
    throw error instanceof BtdtError ? error : unreadable(directory, error);
  }
}

/** @throws BtdtError SOURCE_CHANGED, SOURCE_UNREADABLE, SYSTEM */
export function readSymlink(directory: ByteString, name: ByteString): WalkedSymlink {
  const path = joinBytes(directory, name);
  try {
    const target = bytesFromBuffer(readlinkSync(fsPath(path), { encoding: "buffer" }));
    const { mtimeSeconds, mtimeNanoseconds } = lstatSource(path);
    return { name, target, mtimeSeconds, mtimeNanoseconds };
  } catch (error) {
    throw error instanceof BtdtError ? error : unreadable(path, error);
  }
}

/** @throws BtdtError SOURCE_CHANGED, SOURCE_UNREADABLE, SYSTEM */
export function lstatSource(path: ByteString): FileStatus {
  let status: FileStatus | undefined;
  try {
    status = lstat(path);
  } catch (error) {
    throw unreadable(path, error);
  }
  if (status !== undefined) return status;
  throw new BtdtError("SOURCE_CHANGED", `${display(path)} disappeared while the directory was read`, {
    path: display(path),
    hint: "wait until nothing writes to the directory",
  });
}

function unreadable(path: ByteString, error: unknown): BtdtError {
  return new BtdtError(codeOf(errnoOf(error)), `cannot read ${display(path)}: ${reasonOf(error)}`, {
    path: display(path),
    cause: error,
  });
}

/** What was listed as a directory or symlink a moment ago, and is something else by now, has changed. */
function codeOf(errno: string | undefined): ErrorCode {
  if (errno === "ENOENT" || errno === "ENOTDIR" || errno === "EINVAL") return "SOURCE_CHANGED";
  return isResourceErrno(errno) ? "SYSTEM" : "SOURCE_UNREADABLE";
}

compileLightly(lstatSource);
