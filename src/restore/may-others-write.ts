import { compileLightly } from "../base/compile-lightly.ts";
import { readCurrentUser } from "../fs/current-user.ts";
import { emptyStatus, type FileStatus, lstatBuffer } from "../fs/native/file-status.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";

const WRITABLE_BY_GROUP_OR_OTHERS = 0o022;

let ownId: number | undefined;
const status = emptyStatus();

/** Whether anyone but this user and root may write to a file. */
export function mayOthersWrite(path: PathBuffer): boolean {
  return !lstatBuffer(path, status) || isWritableByOthers(status);
}

/**
 * The same by what is known of it. Its owner may always make it writable; what an ACL allows shows in the group's bits.
 */
export function isWritableByOthers({ ownerId, mode }: Pick<FileStatus, "ownerId" | "mode">): boolean {
  ownId ??= readCurrentUser().userId;
  return (ownerId !== ownId && ownerId !== 0) || (mode & WRITABLE_BY_GROUP_OR_OTHERS) !== 0;
}

compileLightly(mayOthersWrite, isWritableByOthers);
