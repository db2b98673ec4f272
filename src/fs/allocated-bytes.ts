import { readdirSync } from "node:fs";
import { type ByteString, bytesFromBuffer, fsPath, joinBytes } from "../base/byte-string.ts";
import { errnoOf, isPermissionErrno } from "./errno.ts";
import { lstat } from "./native/file-status.ts";

/**
 * The disk space that removing a file, or a directory with everything in it, would free. Files with another name
 * elsewhere free nothing.
 * @throws a `node:fs` error
 */
export function freedBytesOf(path: ByteString): number {
  const status = lstat(path);
  if (status === undefined) return 0;
  if (status.kind !== "directory") return status.linkCount > 1 ? 0 : status.allocatedBytes;
  let bytes = status.allocatedBytes;
  for (const name of namesIn(path)) bytes += freedBytesOf(joinBytes(path, name));
  return bytes;
}

/** What this user cannot access, or what was just removed, counts as nothing. */
function namesIn(directory: ByteString): ByteString[] {
  try {
    return readdirSync(fsPath(directory), { encoding: "buffer" }).map((name) => bytesFromBuffer(name));
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" || isPermissionErrno(errno)) return [];
    throw error;
  }
}
