/**
 * Opening, reading and writing in loops over a hundred thousand small files, where `node:fs` adds as much as the
 * system call costs.
 */
import { fsPath } from "../../base/byte-string.ts";
import { compileLightly } from "../../base/compile-lightly.ts";
import { constants, O_CLOEXEC } from "../file-constants.ts";
import { nodeFs } from "../node-fs.ts";
import { throwIfCertain } from "./last-error.ts";
import { libc, linuxLibc } from "./libc.ts";
import type { PathBuffer } from "./path-buffer.ts";
import type { PinnedBuffer } from "./pinned-buffer.ts";

/** @throws a `node:fs` error */
export function openQuickly(path: PathBuffer, flags: number, mode = 0): number {
  const descriptor = tryOpen(path, flags, mode);
  return descriptor >= 0 ? descriptor : nodeFs().openSync(fsPath(path.toBytes()), flags, mode);
}

/** The same without an error: negative if it cannot be opened. */
export function tryOpen(path: PathBuffer, flags: number, mode = 0): number {
  return linuxLibc?.openat(path.startDescriptor(), path.pointerFromStart(), flags | O_CLOEXEC, mode) ?? -1;
}

/** Returns the number of bytes read; 0 at the end. @throws a `node:fs` error */
export function readQuickly(
  descriptor: number,
  into: PinnedBuffer,
  offset: number,
  lengthBytes: number,
): number {
  const count = linuxLibc?.read(descriptor, into.pointerAt(offset), lengthBytes) ?? -1;
  if (count >= 0) return count;
  throwIfCertain("read");
  return nodeFs().readSync(descriptor, into.bytes, offset, lengthBytes, null);
}

/** Writes all of it. @throws a `node:fs` error */
export function writeQuickly(
  descriptor: number,
  from: PinnedBuffer,
  offset: number,
  lengthBytes: number,
): void {
  const written = linuxLibc?.write(descriptor, from.pointerAt(offset), lengthBytes) ?? 0;
  if (written < 0) throwIfCertain("write");
  for (let done = Math.max(0, written); done < lengthBytes; ) {
    done += nodeFs().writeSync(descriptor, from.bytes, offset + done, lengthBytes - done);
  }
}

/** Closes a file that was only read, where an error means nothing. */
export function closeQuickly(descriptor: number): void {
  libc.close(descriptor);
}

export const OPEN_NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;

compileLightly(openQuickly, tryOpen, readQuickly, writeQuickly, closeQuickly);
