import { compileLightly } from "../../base/compile-lightly.ts";
import { lastError } from "./last-error.ts";
import { linuxLibc } from "./libc.ts";
import type { PathBuffer } from "./path-buffer.ts";
import { PinnedBuffer } from "./pinned-buffer.ts";

/** The label that an SELinux policy gives every file. */
const LABEL = "security.selinux";

/** The kernel's limit for the names of all attributes of a file. */
const LONGEST_LIST_BYTES = 64 * 1024;

let list: PinnedBuffer | undefined;

/**
 * Whether a file has extended attributes, such as an ACL or file capabilities: they belong to the inode, so that every
 * hard link to it has them. True if they cannot be listed. On systems other than Linux, nobody looks.
 */
export function hasExtendedAttributes(path: PathBuffer): boolean {
  const length = linuxLibc?.llistxattr(path.pointer, null, 0) ?? 0;
  if (length === 0) return false;
  return hasOtherThanLabel(length, "llistxattr", (into) => {
    return linuxLibc?.llistxattr(path.pointer, into.pointerAt(0), LONGEST_LIST_BYTES);
  });
}

/** The same of an open file, which takes a fifth of the time. */
export function hasExtendedAttributesOpen(descriptor: number): boolean {
  const length = linuxLibc?.flistxattr(descriptor, null, 0) ?? 0;
  if (length === 0) return false;
  return hasOtherThanLabel(length, "flistxattr", (into) => {
    return linuxLibc?.flistxattr(descriptor, into.pointerAt(0), LONGEST_LIST_BYTES);
  });
}

function hasOtherThanLabel(
  listed: number,
  call: string,
  listNames: (into: PinnedBuffer) => number | undefined,
): boolean {
  let length = listed;
  if (length > 0) {
    list ??= new PinnedBuffer(new Uint8Array(LONGEST_LIST_BYTES));
    length = listNames(list) ?? 0;
  }
  if (length < 0) return mayHaveSome(lastError(call).code);
  const names = Buffer.from(list?.bytes.subarray(0, length) ?? []).toString("latin1");
  return names.split("\0").some((name) => name !== "" && name !== LABEL);
}

/** A file that is gone has none; the file system may not have any. */
function mayHaveSome(errno: string): boolean {
  return errno !== "ENOENT" && errno !== "ENOTSUP" && errno !== "EOPNOTSUPP" && errno !== "ENOSYS";
}

/**
 * Whether extended attributes of a file with this mode could give anyone rights: capabilities if it can be executed, an
 * ACL if the group has rights that others lack, because the group's bits limit what an ACL gives.
 */
export function mayGiveRights(mode: number): boolean {
  return (mode & 0o111) !== 0 || ((mode >> 3) & ~mode & 0o7) !== 0;
}

compileLightly(hasExtendedAttributes, hasExtendedAttributesOpen, mayGiveRights);
