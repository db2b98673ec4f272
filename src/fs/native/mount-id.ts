import { ptr } from "bun:ffi";
import type { ByteString } from "../../base/byte-string.ts";
import { AT_FDCWD, linuxLibc } from "./libc.ts";
import { PathBuffer } from "./path-buffer.ts";

/** Since Linux 5.8. */
const STATX_MNT_ID = 0x1000;

// `struct statx` of Linux's <linux/stat.h>: the mask comes first, the mount's id is at byte 144.
const words = new Uint32Array(new ArrayBuffer(256));
const path = new PathBuffer();

/** The mount that a path is reached by: two mounts of one file system have the same device. Undefined if unknown. */
export function readMountId(of: ByteString): number | undefined {
  if (linuxLibc?.statx(AT_FDCWD, path.set(of).pointer, 0, STATX_MNT_ID, ptr(words)) !== 0) return undefined;
  return ((words[0] ?? 0) & STATX_MNT_ID) === 0 ? undefined : words[36];
}
