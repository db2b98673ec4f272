import { dlopen, ptr } from "bun:ffi";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Condition } from "./requirements.ts";

/** `struct posix_acl_xattr_entry` of Linux's <linux/posix_acl_xattr.h>, after a version: tag, permissions, id. */
const ENTRIES = [
  [0x01, 7],
  [0x04, 0],
  [0x20, 0],
] as const;

/** Gives a directory a default ACL by which everything that is created in it is closed to group and others. */
export function closeToOthers(directory: string): boolean {
  const acl = Buffer.alloc(4 + 8 * ENTRIES.length);
  acl.writeUInt32LE(2, 0);
  for (const [index, [tag, permissions]] of ENTRIES.entries()) {
    acl.writeUInt16LE(tag, 4 + 8 * index);
    acl.writeUInt16LE(permissions, 6 + 8 * index);
    acl.writeUInt32LE(0xffff_ffff, 8 + 8 * index);
  }
  const libc = dlopen("libc.so.6", {
    setxattr: { args: ["ptr", "ptr", "ptr", "usize", "int"], returns: "int" },
  });
  const [path, name] = [directory, "system.posix_acl_default"].map((text) => Buffer.from(`${text}\0`));
  if (path === undefined || name === undefined) return false;
  return libc.symbols.setxattr(ptr(path), ptr(name), ptr(acl), acl.length, 0) === 0;
}

export const defaultAcls: Condition = {
  name: "a file system with ACLs",
  isMet: () => {
    if (process.platform !== "linux") return false;
    const directory = mkdtempSync(join(tmpdir(), "btdt-test-acl-"));
    const isMet = closeToOthers(directory);
    rmSync(directory, { recursive: true });
    return isMet;
  },
};
