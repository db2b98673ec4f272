import { ptr } from "bun:ffi";
import { type ByteString, fsPath } from "../../base/byte-string.ts";
import { constants } from "../file-constants.ts";
import { nodeFs } from "../node-fs.ts";
import { openFile } from "./descriptor-calls.ts";
import { linuxLibc } from "./libc.ts";
import { pointerTo } from "./path-calls.ts";
import { closeQuickly } from "./quick-file.ts";

/** `f_type` of Linux's <linux/magic.h>; ext2 and ext3 have it as well. */
const EXT4 = 0xef53;

/** File systems whose files change only through this kernel. */
const LOCAL_TYPES: ReadonlySet<number> = new Set([
  EXT4,
  0x5846_5342, // XFS
  0x9123_683e, // btrfs
  0x0102_1994, // tmpfs
  0x8584_58f6, // ramfs
  0xf2f5_2010, // F2FS
  0x2fc1_2fc1, // ZFS
  0xca45_1a4e, // bcachefs
  0xe0f5_e1e2, // EROFS
  0x7371_7368, // squashfs
]);

/** File systems whose directories can be changed by other machines, or without the kernel's knowledge. */
const SHARED_TYPES: ReadonlySet<number> = new Set([
  0x6969, // NFS
  0xff53_4d42, // CIFS
  0xfe53_4d42, // SMB 2 and later
  0x6573_5546, // FUSE, virtiofs
  0x0102_1997, // 9P
  0x00c3_6400, // Ceph
  0x4750_4653, // GPFS
  0x0bd0_0bd0, // Lustre
  0x1983_0326, // BeeGFS
  0x5346_414f, // AFS
]);

// `struct statfs` has at most 120 bytes; `f_type` is its first field, and fits into the lower half.
const words = new Uint32Array(new ArrayBuffer(256));
const wordsPointer = ptr(words);

/**
 * Whether open files can change only through this kernel, unlike on network file systems, FUSE and, whatever is below
 * it, overlayfs. False for unknown file systems.
 */
export function isOnLocalFileSystem(descriptor: number): boolean {
  const type = typeOf(descriptor);
  return type !== undefined && LOCAL_TYPES.has(type);
}

export function isOnExt4(descriptor: number): boolean {
  return typeOf(descriptor) === EXT4;
}

/** @param type `f_type` of `statfs` */
export function describeVolume(type: number): "local" | "shared" | "unknown" {
  if (LOCAL_TYPES.has(type)) return "local";
  return SHARED_TYPES.has(type) ? "shared" : "unknown";
}

/** The `f_type` of the file system that a path is on. @throws a `node:fs` error */
export function fileSystemType(path: ByteString): number {
  return linuxLibc?.statfs(pointerTo(path), wordsPointer) === 0
    ? (words[0] ?? 0)
    : nodeFs().statfsSync(fsPath(path)).type;
}

function typeOf(descriptor: number): number | undefined {
  return linuxLibc?.fstatfs(descriptor, wordsPointer) === 0 ? words[0] : undefined;
}

/** Whether a listing of a directory may be older than its last change. @throws a `node:fs` error */
export function mayListStale(directory: ByteString): boolean {
  const descriptor = openFile(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return SHARED_TYPES.has(typeOf(descriptor) ?? 0);
  } finally {
    closeQuickly(descriptor);
  }
}
