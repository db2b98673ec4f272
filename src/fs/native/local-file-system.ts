import { ptr } from "bun:ffi";
import { linuxLibc } from "./libc.ts";

/** `f_type` of Linux's <linux/magic.h>: file systems whose files change only through this kernel. */
const LOCAL_TYPES: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
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

// `struct statfs` has at most 120 bytes; `f_type` is its first field, and fits into the lower half.
const words = new Uint32Array(new ArrayBuffer(256));
const wordsPointer = ptr(words);

/**
 * Whether open files can change only through this kernel, unlike on network file systems, FUSE and, whatever is below
 * it, overlayfs. False for unknown file systems.
 */
export function isOnLocalFileSystem(descriptor: number): boolean {
  if (linuxLibc?.fstatfs(descriptor, wordsPointer) !== 0) return false;
  return LOCAL_TYPES.has(words[0] ?? 0);
}
