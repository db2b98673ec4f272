import { dlopen } from "bun:ffi";
import { IS_LINUX } from "./is-linux.ts";

/**
 * System calls that `node:fs` lacks, that are much more expensive there in a loop over a hundred thousand files (its
 * `lstat` creates an object with a dozen BigInts), or that a small command needs: loading `node:fs` would take longer
 * than all of them.
 *
 * A call returns a negative number on failure. Callers then repeat the operation through `node:fs`, whose errors have
 * a reliable code, or call `lastError` if repeating it would not be equivalent. Calls on paths are repeated only if
 * `throwIfCertain` cannot tell why they failed.
 */

/** `AT_FDCWD`: relative paths start at the working directory. */
export const AT_FDCWD = IS_LINUX ? -100 : -2;
export const AT_SYMLINK_NOFOLLOW = IS_LINUX ? 0x100 : 0x20;

const COMMON = {
  linkat: { args: ["i32", "ptr", "i32", "ptr", "i32"], returns: "i32" },
  utimensat: { args: ["i32", "ptr", "ptr", "i32"], returns: "i32" },
  flock: { args: ["i32", "i32"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
} as const;

const LINUX_ONLY = {
  statx: { args: ["i32", "ptr", "i32", "u32", "ptr"], returns: "i32" },
  // The results fit into 32 bits: the kernel allows lists of 64 KiB.
  llistxattr: { args: ["ptr", "ptr", "u64"], returns: "i32" },
  flistxattr: { args: ["i32", "ptr", "u64"], returns: "i32" },
  fstatfs: { args: ["i32", "ptr"], returns: "i32" },
  fcntl: { args: ["i32", "i32", "i64"], returns: "i32" },
  mmap: { args: ["ptr", "u64", "i32", "i32", "i32", "i64"], returns: "ptr" },
  munmap: { args: ["ptr", "u64"], returns: "i32" },
  copy_file_range: { args: ["i32", "ptr", "i32", "ptr", "u64", "u32"], returns: "i64" },
  // Variadic in C; on Linux, its arguments are passed like those of other functions.
  openat: { args: ["i32", "ptr", "i32", "u32"], returns: "i32" },
  mkdir: { args: ["ptr", "u32"], returns: "i32" },
  rename: { args: ["ptr", "ptr"], returns: "i32" },
  unlink: { args: ["ptr"], returns: "i32" },
  rmdir: { args: ["ptr"], returns: "i32" },
  chmod: { args: ["ptr", "u32"], returns: "i32" },
  statfs: { args: ["ptr", "ptr"], returns: "i32" },
  // Variadic as well.
  ioctl: { args: ["i32", "u64", "i64"], returns: "i32" },
  // The results fit into 32 bits: the kernel transfers less than 2 GiB at once. For 64 bits, each would be a BigInt.
  readlink: { args: ["ptr", "ptr", "u64"], returns: "i32" },
  pread: { args: ["i32", "ptr", "u64", "i64"], returns: "i32" },
  pwrite: { args: ["i32", "ptr", "u64", "i64"], returns: "i32" },
  read: { args: ["i32", "ptr", "u64"], returns: "i32" },
  write: { args: ["i32", "ptr", "u64"], returns: "i32" },
  futimens: { args: ["i32", "ptr"], returns: "i32" },
  fchmod: { args: ["i32", "u32"], returns: "i32" },
  syncfs: { args: ["i32"], returns: "i32" },
  __errno_location: { args: [], returns: "ptr" },
  fallocate: { args: ["i32", "i32", "i64", "i64"], returns: "i32" },
  lseek: { args: ["i32", "i64", "i32"], returns: "i64" },
  readahead: { args: ["i32", "i64", "u64"], returns: "i64" },
  madvise: { args: ["ptr", "u64", "i32"], returns: "i32" },
} as const;

/** Undefined on other systems than Linux; each caller has a portable fallback. */
export const linuxLibc = IS_LINUX ? dlopen("libc.so.6", { ...COMMON, ...LINUX_ONLY }).symbols : undefined;

export const libc = linuxLibc ?? dlopen("libSystem.B.dylib", COMMON).symbols;
