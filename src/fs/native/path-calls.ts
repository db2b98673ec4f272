/** What is done to paths, with the results and error codes of `node:fs`, which is loaded only for unusual failures. */
import type { Pointer } from "bun:ffi";
import { type ByteString, fsPath } from "../../base/byte-string.ts";
import { nodeFs } from "../node-fs.ts";
import { throwIfCertain } from "./last-error.ts";
import { linuxLibc } from "./libc.ts";
import { PATH_MAX_BYTES, PathBuffer } from "./path-buffer.ts";

const scratch = new PathBuffer();
const scratchOther = new PathBuffer();

/**
 * A path in memory, until the next call with the same buffer. Null for what is no path, or too long for one: the kernel
 * refuses that, and `node:fs` says why.
 */
export function pointerTo(path: ByteString, buffer = scratch): Pointer | null {
  return path.length >= PATH_MAX_BYTES || path.includes("\0") ? null : buffer.set(path).pointer;
}

/** @throws a `node:fs` error */
export function mkdir(path: ByteString, mode = 0o777): void {
  if (linuxLibc?.mkdir(pointerTo(path), mode) === 0) return;
  throwIfCertain("mkdir", path);
  nodeFs().mkdirSync(fsPath(path), mode);
}

/** Replaces what is there. @throws a `node:fs` error */
export function rename(from: ByteString, to: ByteString): void {
  if (linuxLibc?.rename(pointerTo(from), pointerTo(to, scratchOther)) === 0) return;
  throwIfCertain("rename", from, to);
  nodeFs().renameSync(fsPath(from), fsPath(to));
}

/** @throws a `node:fs` error */
export function unlink(path: ByteString): void {
  if (linuxLibc?.unlink(pointerTo(path)) === 0) return;
  throwIfCertain("unlink", path);
  nodeFs().unlinkSync(fsPath(path));
}

/** @throws a `node:fs` error */
export function rmdir(path: ByteString): void {
  if (linuxLibc?.rmdir(pointerTo(path)) === 0) return;
  throwIfCertain("rmdir", path);
  nodeFs().rmdirSync(fsPath(path));
}

/** Follows symlinks. @throws a `node:fs` error */
export function chmod(path: ByteString, mode: number): void {
  if (linuxLibc?.chmod(pointerTo(path), mode) === 0) return;
  throwIfCertain("chmod", path);
  nodeFs().chmodSync(fsPath(path), mode);
}
